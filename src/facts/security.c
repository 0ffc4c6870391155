/* SPDX-License-Identifier: Apache-2.0 */
/* Which security modules the host has. */
#include "facts/facts.h"

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

void facts_of_labels(const struct spec *spec, struct facts *facts)
{
	const struct spec_process *process = spec->process;

	if (process && !str_empty(process->apparmor_profile))
		facts->apparmor = has_apparmor();
	if ((process && !str_empty(process->selinux_label)) ||
	    (spec->linux_ && !str_empty(spec->linux_->mount_label)))
		facts->selinux = has_selinux();
}
