/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of namespaces (namespaces(7); config-linux.md "Namespaces"): the one table. */
#ifndef BASE_NAMESPACES_H
#define BASE_NAMESPACES_H

#include "base/names.h"

#include <stdint.h>

enum spec_ns_type {
	SPEC_NS_PID = 1,
	SPEC_NS_NETWORK,
	SPEC_NS_MOUNT,
	SPEC_NS_IPC,
	SPEC_NS_UTS,
	SPEC_NS_USER,
	SPEC_NS_CGROUP,
	SPEC_NS_TIME
};
#define SPEC_NS_COUNT 8

struct ns_row {
	int type;          /* enum spec_ns_type */
	const char *name;  /* of the specification */
	const char *file;  /* below /proc/PID/ns */
	const char *title; /* in a sentence: "the PID namespace" */
	uint64_t flag;     /* CLONE_NEW* */
};
/* By type; the first row is of none. */
extern const struct ns_row ns_rows[SPEC_NS_COUNT + 1];

extern const struct name_row spec_ns_names[]; /* enum spec_ns_type */
extern const struct name_row ns_flag_names[]; /* CLONE_NEW* */

/* The row of a CLONE_NEW*; the first one where it is none. */
const struct ns_row *ns_row_of_flag(uint64_t flag);

#endif
