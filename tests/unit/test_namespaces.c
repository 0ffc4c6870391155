/* SPDX-License-Identifier: Apache-2.0 */
/* The one table of namespaces: each kind is found by its type, its name and its flag, and the kernel agrees. */
#include "base/auto.h"
#include "base/namespaces.h"
#include "base/str.h"
#include "sys/nsfd.h"

#include <linux/sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

static void each_kind_is_found_by_type_name_and_flag(void **state)
{
	(void)state;
	for (int type = 1; type <= SPEC_NS_COUNT; type++) {
		const struct ns_row *row = &ns_rows[type];
		int64_t value;

		assert_int_equal(row->type, type);
		assert_true(name_to_value(spec_ns_names, row->name, &value));
		assert_int_equal(value, type);
		assert_string_equal(value_to_name(ns_flag_names, (int64_t)row->flag), row->name);
		assert_ptr_equal(ns_row_of_flag(row->flag), row);
	}
	assert_int_equal(ns_row_of_flag(CLONE_FS)->type, 0);
	assert_null(ns_row_of_flag(0)->name);
}

static void the_kernel_has_the_same_flags(void **state)
{
	(void)state;
	for (int type = 1; type <= SPEC_NS_COUNT; type++) {
		struct err e;
		autoclose int fd = nsfd_own(ns_rows[type].file, &e);

		assert_true(fd >= 0);
		assert_int_equal(nsfd_type(fd), ns_rows[type].flag);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_is_found_by_type_name_and_flag),
		cmocka_unit_test(the_kernel_has_the_same_flags),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
