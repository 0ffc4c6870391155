/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of mounts of the plan share.
 */
#ifndef TESTS_UNIT_PLAN_MOUNTS_H
#define TESTS_UNIT_PLAN_MOUNTS_H

#include "plan_fixture.h"

#define BIND(options) "{'destination':'/x','type':'bind','source':'/s','options':[" options "]}"
#define TMPFS(options) "{'destination':'/x','type':'tmpfs','options':[" options "]}"

static inline const struct plan_mount *one_mount(struct fixture *f, const char *mount)
{
	struct plan *plan = fixture_mounts(f, mount);

	assert_int_equal(plan->mounts.n, 1);
	return &plan->mounts.v[0];
}

static inline void assert_options(const struct plan_mount *mount, size_t n,
				  const char *const (*pairs)[2])
{
	assert_int_equal(mount->options.n, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(mount->options.v[i].key, pairs[i][0]);
		if (pairs[i][1])
			assert_string_equal(mount->options.v[i].value, pairs[i][1]);
		else
			assert_null(mount->options.v[i].value);
	}
}

#endif
