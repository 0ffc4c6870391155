/* SPDX-License-Identifier: Apache-2.0 */
/* See labels.h. Runs in the runtime. */
#include "container/labels.h"

#include "base/auto.h"
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/vfs.h>

#define SELINUX_ROOT "/sys/fs/selinux"
#define SELINUX_MAGIC_NUMBER 0xf97cff8c /* linux/magic.h, SELINUX_MAGIC */
#define APPARMOR_ENABLED "/sys/module/apparmor/parameters/enabled"

static bool has_apparmor(void)
{
	autofclose FILE *file = fopen(APPARMOR_ENABLED, "re");

	return file && fgetc(file) == 'Y';
}

static bool has_selinux(void)
{
	struct statfs fs;

	return statfs(SELINUX_ROOT, &fs) == 0 && (uint32_t)fs.f_type == SELINUX_MAGIC_NUMBER;
}

int labels_check(const char **apparmor_profile, const char *selinux_label, struct err *e)
{
	if (!str_empty(*apparmor_profile) && !has_apparmor()) {
		if (!str_eq(*apparmor_profile, "unconfined"))
			return fail(e, ERR_CONFIG,
				    "process.apparmorProfile \"%s\": AppArmor is not enabled on "
				    "this host",
				    *apparmor_profile);
		*apparmor_profile = NULL;
	}
	if (!str_empty(selinux_label) && !has_selinux())
		return fail(e, ERR_CONFIG,
			    "process.selinuxLabel \"%s\": SELinux is not enabled on this host",
			    selinux_label);
	return 0;
}

int labels_check_mounts(const char *mount_label, struct err *e)
{
	if (!str_empty(mount_label) && !has_selinux())
		return fail(e, ERR_CONFIG,
			    "linux.mountLabel \"%s\": SELinux is not enabled on this host",
			    mount_label);
	return 0;
}
