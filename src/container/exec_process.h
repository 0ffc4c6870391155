/* SPDX-License-Identifier: Apache-2.0 */
/* The process that `exec` is asked for, from what is given; pure but for reading --process. */
#ifndef CONTAINER_EXEC_PROCESS_H
#define CONTAINER_EXEC_PROCESS_H

#include "container/container.h"

/*
 * "UID" or "UID:GID", numbers alone: no name is looked up, and no text but a number is a number
 * (CVE-2016-3697, CVE-2026-30892). Without GID *ret_gid_given is false. ERR_USAGE.
 */
int exec_parse_user(const char *text, uint32_t *ret_uid, uint32_t *ret_gid, bool *ret_gid_given,
		    struct err *e) MUST_CHECK;

/*
 * What is in --process, completed by `own`, the container's own process; or `own` with another command and
 * without its terminal; then what the other options change. Validated; what is not supported is refused by name.
 */
int exec_process_make(const struct spec_process *own, const struct container_exec_options *options,
		      struct arena *arena, struct spec_process **ret, struct err *e) MUST_CHECK;

#endif
