/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets the listener of a system call filter, where the configuration does not say it: crun's annotation
 * run.oci.seccomp.receiver, or else the variable RUN_OCI_SECCOMP_RECEIVER of the runtime's environment.
 */
#ifndef CONTAINER_RECEIVER_H
#define CONTAINER_RECEIVER_H

#include "spec/spec.h"

/*
 * Sets linux.seccomp.listenerPath of a configuration that has a filter and names no listener; so it is
 * checked, recorded and used like one of the configuration's own. Does nothing to others. crun's plugins,
 * which would look after the listener in the runtime, are refused. Errors: ERR_CONFIG.
 */
int receiver_take(struct spec *spec, struct arena *arena, struct err *e) MUST_CHECK;

#endif
