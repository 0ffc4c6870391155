/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts of a running container, as criu is to see them. */
#ifndef CONTAINER_CRIU_MOUNTS_H
#define CONTAINER_CRIU_MOUNTS_H

#include "criu/protocol.h"
#include "spec/spec.h"
#include "sys/mountinfo.h"

/* `proc`: /proc/PID of its first process. */
int criu_mounts_read(int proc, struct arena *arena, struct mountinfo *ret, struct err *e)
	MUST_CHECK;

/*
 * Mounts that came from the host: their places, each with the name that it gets in the images. That is the
 * destination as the configuration spells it and what lies below; a restore knows it by the same name
 * (boot/restore/request.c). Masked files are CRIU_NULL_KEY.
 */
int criu_mounts_external(int proc, const struct spec *spec, const struct mountinfo *mounts,
			 struct arena *arena, struct criu_pairs *ret, struct err *e) MUST_CHECK;

#endif
