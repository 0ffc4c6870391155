/* SPDX-License-Identifier: Apache-2.0 */
/* See identity_check.h. Runs in the runtime. */
#include "boot/common/identity_check.h"

#include "base/auto.h"
#include "boot/protocol.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#define ADMIN (UINT64_C(1) << CAP_SYS_ADMIN)

int identity_take(const struct message *message, int fd, struct identity_shown *ret, struct err *e)
{
	if (fd < 0)
		return fail(e, ERR_INTERNAL,
			    "the status of the process did not come with its message");
	*ret = (struct identity_shown){
		.fd = fd,
		.groups_kept = message->value & BOOT_GROUPS_KEPT,
		.inherited = (uint32_t)message->value & (BOOT_GROUPS_KEPT - 1),
	};
	return 0;
}

static int fail_text(struct err *e, const char *what, const char *seen, const char *expected)
{
	return fail(
		e, ERR_SYSTEM,
		"the process has %s %s and not %s: it is not run; does its seccomp profile answer in the kernel's place?",
		what, seen, expected);
}

static int fail_number(struct err *e, const char *what, uint64_t seen, uint64_t expected)
{
	char texts[2][24];

	snprintf(texts[0], sizeof(texts[0]), "%" PRIu64, seen);
	snprintf(texts[1], sizeof(texts[1]), "%" PRIu64, expected);
	return fail_text(e, what, texts[0], texts[1]);
}

static int fail_set(struct err *e, const char *what, uint64_t seen, uint64_t expected)
{
	char texts[2][24];

	if (seen == (expected | ADMIN))
		return fail(
			e, ERR_SYSTEM,
			"%s still have CAP_SYS_ADMIN, which loading a seccomp profile takes: the process is not run; let the profile allow capset, or set noNewPrivileges",
			what);
	snprintf(texts[0], sizeof(texts[0]), "%016" PRIx64, seen);
	snprintf(texts[1], sizeof(texts[1]), "%016" PRIx64, expected);
	return fail_text(e, what, texts[0], texts[1]);
}

static int compare_ids(const char *what, const uint32_t seen[4], uint32_t expected, struct err *e)
{
	for (size_t i = 0; i < 4; i++)
		if (seen[i] != expected)
			return fail_number(e, what, seen[i], expected);
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static uint32_t *sorted(const struct u32list *list, struct arena *arena)
{
	uint32_t *copy = arena_new_array(arena, uint32_t, list->n + 1);

	if (list->n)
		memcpy(copy, list->v, list->n * sizeof(*copy));
	qsort(copy, list->n, sizeof(*copy), by_number);
	return copy;
}

/* As sets: each may be there as often as it was asked for. There may be 65536 of them. */
static int compare_groups(const struct u32list *seen, const struct u32list *expected, struct err *e)
{
	autoarena arena = { 0 };
	const uint32_t *is = sorted(seen, &arena), *must = sorted(expected, &arena);
	size_t i = 0, k = 0;

	while (i < seen->n || k < expected->n) {
		if (k == expected->n || (i < seen->n && is[i] < must[k])) {
			if (k && is[i] == must[k - 1]) {
				i++;
				continue;
			}
			return fail(
				e, ERR_SYSTEM,
				"the process has the supplementary group %u, which is not asked for: it is not run",
				is[i]);
		}
		if (i == seen->n || is[i] > must[k]) {
			if (i && must[k] == is[i - 1]) {
				k++;
				continue;
			}
			return fail(
				e, ERR_SYSTEM,
				"the process does not have the supplementary group %u: it is not run",
				must[k]);
		}
		i++;
		k++;
	}
	return 0;
}

static int compare_capabilities(const struct identity_record *expected,
				const struct proc_status *seen, uint64_t taken, struct err *e)
{
	const struct {
		const char *what;
		uint64_t seen, expected;
	} sets[] = {
		{ "the bounding capabilities", seen->bounding, expected->bounding },
		{ "the inheritable capabilities", seen->inheritable, expected->inheritable },
		{ "the permitted capabilities", seen->permitted & ~(taken & ~expected->permitted),
		  expected->permitted },
		{ "the effective capabilities", seen->effective & ~(taken & ~expected->effective),
		  expected->effective },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (sets[i].seen != sets[i].expected)
			return fail_set(e, sets[i].what, sets[i].seen, sets[i].expected);
	/* Securebits may have kept one from being raised (caps_ambient()). */
	if (seen->ambient & ~expected->ambient)
		return fail_set(e, "the ambient capabilities", seen->ambient, expected->ambient);
	return 0;
}

static int compare_filters(const struct identity_record *expected,
			   const struct identity_shown *shown, const struct proc_status *seen,
			   struct err *e)
{
	/* Without no_new_privs they are loaded before the look. */
	if (shown->loaded != expected->filters && (shown->loaded || !expected->no_new_privileges))
		return fail_number(e, "system call filters loaded:", shown->loaded,
				   expected->filters);
	if (shown->loaded && seen->seccomp != SECCOMP_MODE_FILTER)
		return fail_number(e, "the seccomp mode", seen->seccomp, SECCOMP_MODE_FILTER);
	if (seen->counted && seen->filters != shown->inherited + shown->loaded)
		return fail_number(e, "system call filters in force:", seen->filters,
				   shown->inherited + shown->loaded);
	return 0;
}

int identity_compare(const struct identity_record *expected, const struct identity_shown *shown,
		     const struct proc_status *seen, bool execve_takes, struct err *e)
{
	bool left_on_top = execve_takes && shown->loaded && !expected->no_new_privileges;

	if (compare_ids("the user id", seen->uid, expected->uid, e) < 0 ||
	    compare_ids("the group id", seen->gid, expected->gid, e) < 0)
		return -1;
	if (!shown->groups_kept && compare_groups(&seen->groups, &expected->groups, e) < 0)
		return -1;
	if (compare_capabilities(expected, seen, left_on_top ? ADMIN : 0, e) < 0)
		return -1;
	/* More may be inherited. */
	if (expected->no_new_privileges && !seen->no_new_privs)
		return fail_number(e, "no_new_privs", seen->no_new_privs, 1);
	return compare_filters(expected, shown, seen, e);
}

int identity_check(const struct identity_record *expected, const struct identity_shown *shown,
		   bool execve_takes, struct err *e)
{
	autoarena arena = { 0 };
	struct proc_status seen;

	if (shown->fd < 0)
		return fail(e, ERR_INTERNAL, "the process has not shown its status");
	if (proc_status_read(shown->fd, &arena, &seen, e) < 0)
		return -1;
	return identity_compare(expected, shown, &seen, execve_takes, e);
}
