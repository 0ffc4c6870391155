/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Capabilities: sets by capget(2), capset(2) and prctl(2). Runs in the
 * runtime and in the container's process.
 */
#include "sys/caps.h"

#include "base/auto.h"
#include "base/capabilities.h"
#include "base/str.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CAP_SET_BITS 64

int caps_get(struct cap_sets *ret, struct err *e)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return fail_sys(e, "capget");
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

int caps_set(const struct cap_sets *sets, struct err *e)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].effective = (uint32_t)(sets->effective >> 32 * i);
		data[i].permitted = (uint32_t)(sets->permitted >> 32 * i);
		data[i].inheritable = (uint32_t)(sets->inheritable >> 32 * i);
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return fail_sys(e, "capset");
	return 0;
}

/* prctl() knows the answer too, and unlike /proc/sys/kernel/cap_last_cap it is there in every mount
 * namespace. */
int caps_last(void)
{
	int last = CAP_LAST_CAP; /* of the headers */

	while (last > 0 && prctl(PR_CAPBSET_READ, last, 0, 0, 0) < 0)
		last--;
	while (last < CAP_SET_BITS - 1 && prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
		last++;
	return last;
}

int caps_bounding(uint64_t *ret, struct err *e)
{
	uint64_t mask = 0;
	int last = caps_last();

	for (int i = 0; i <= last; i++) {
		int has = prctl(PR_CAPBSET_READ, i, 0, 0, 0);

		if (has < 0)
			return fail_sys(e, "read capability %d of the bounding set", i);
		if (has)
			mask |= UINT64_C(1) << i;
	}
	*ret = mask;
	return 0;
}

int caps_bounding_limit(uint64_t keep, struct err *e)
{
	for (int i = 0; i < CAP_SET_BITS; i++) {
		if (keep & UINT64_C(1) << i || prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
			continue;
		/* unknown to this kernel, as all that follow */
		if (errno == EINVAL)
			break;
		/* EPERM: dropping what is not there takes the same power */
		int error_number = errno;
		const char *name = cap_name_of(i);

		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 0)
			return fail_errno(e, error_number, "drop %s (%d) from the bounding set",
					  name ? name : "?", i);
	}
	return 0;
}

int caps_ambient(uint64_t raise, struct err *e)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return fail_sys(e, "clear the ambient capabilities");
	for (int i = 0; i < CAP_SET_BITS; i++) {
		if (!(raise & UINT64_C(1) << i))
			continue;
		/* EPERM: not permitted and inheritable; EINVAL: unknown to this kernel */
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0 && errno != EPERM &&
		    errno != EINVAL)
			return fail_sys(e, "raise capability %d in the ambient set", i);
	}
	return 0;
}
