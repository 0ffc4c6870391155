/* SPDX-License-Identifier: Apache-2.0 */
/* See annotations.h. Pure. */
#include "model/annotations.h"

#include "base/auto.h"
#include "base/str.h"

const struct annotation_row annotation_rows[ANNOTATION_COUNT] = {
	[ANNOTATION_KEEP_GROUPS] = { "run.oci.keep_original_groups", ANNOTATION_UNSAFE,
				     "The caller's supplementary groups stay the process's." },
	[ANNOTATION_PIDFD] = { "run.oci.pidfd_receiver", ANNOTATION_UNSAFE,
			       "A socket that gets a pidfd of the first process." },
	[ANNOTATION_CONTEXT] = { "run.oci.mount_context_type", ANNOTATION_UNSAFE | ANNOTATION_LIVE,
				 "The kind of context that linux.mountLabel is." },
	[ANNOTATION_SUBGROUP] = { "run.oci.systemd.subgroup", ANNOTATION_UNSAFE,
				  "A group in the systemd unit's, which is the container's." },
	[ANNOTATION_DELEGATE] = { "run.oci.delegate-cgroup", ANNOTATION_UNSAFE,
				  "A group in the container's, which it manages itself." },
	[ANNOTATION_HOOKS_OUTPUT] = { "run.oci.hooks.stdout", ANNOTATION_UNSAFE,
				      "A file to which the output of hooks is appended." },
	[ANNOTATION_HOOKS_ERRORS] = { "run.oci.hooks.stderr", ANNOTATION_UNSAFE,
				      "The same for their standard error." },
	[ANNOTATION_RECEIVER] = { "run.oci.seccomp.receiver", ANNOTATION_UNSAFE,
				  "A socket that gets the filter's listener." },
	[ANNOTATION_FILTER] = { "run.oci.seccomp_bpf_data", ANNOTATION_UNSAFE,
				"A ready filter, in place of the rules of linux.seccomp." },
	[ANNOTATION_UNKNOWN_CALLS] = { "run.oci.seccomp_fail_unknown_syscall", ANNOTATION_UNSAFE,
				       "Names of system calls that are not known are errors." },
	[ANNOTATION_SYSTEMD_V1] = { "run.oci.systemd.force_cgroup_v1", ANNOTATION_UNSAFE,
				    "A mount that shows systemd's own hierarchy alone." },
	[ANNOTATION_CRIU_CONFIG] = { "org.criu.config", ANNOTATION_UNSAFE,
				     "A file of criu's options." },
	[ANNOTATION_UNIT_PROPERTY] = { "org.systemd.property.",
				       ANNOTATION_UNSAFE | ANNOTATION_PREFIX,
				       "A property of the container's systemd unit." },
	[ANNOTATION_PLUGINS] = { "run.oci.seccomp.plugins", 0,
				 "Refused: code for the runtime to load." },
	[ANNOTATION_HANDLER] = { "run.oci.handler", 0,
				 "Refused: another kind of container than processes." },
	[ANNOTATION_WASM] = { "module.wasm.image/variant", 0,
			      "Refused: a module of WebAssembly in place of a program." },
	[ANNOTATION_CONTAINER_TYPE] = { "io.kubernetes.cri.container-type", 0,
					"\"sandbox\": the pod's own container, a usual process." },
	[ANNOTATION_STOP_SIGNAL] = { "org.opencontainers.image.stopSignal", 0,
				     "The signal of `kill` where none is given." },
};

const char *annotation_name(enum annotation which)
{
	return annotation_rows[which].name;
}

const char *annotation_get(const struct strmap *annotations, enum annotation which)
{
	return strmap_get(annotations, annotation_rows[which].name);
}

const char *annotation_suffix(const char *key, enum annotation which)
{
	const char *name = annotation_rows[which].name;

	return str_has_prefix(key, name) ? key + strlen(name) : NULL;
}

static const struct annotation_row *row_of(const char *key)
{
	for (size_t i = 0; i < ANNOTATION_COUNT; i++) {
		const struct annotation_row *row = &annotation_rows[i];

		if (row->flags & ANNOTATION_PREFIX ? str_has_prefix(key, row->name)
						   : str_eq(key, row->name))
			return row;
	}
	return NULL;
}

struct strmap annotations_with(const struct strmap *annotations, unsigned flags,
			       struct arena *arena)
{
	struct strmap found = { 0 };

	found.v = arena_alloc(arena, (annotations->n + 1) * sizeof(*found.v));
	for (size_t i = 0; i < annotations->n; i++) {
		const struct annotation_row *row = row_of(annotations->v[i].key);

		if (row && row->flags & flags)
			found.v[found.n++] = annotations->v[i];
	}
	return found;
}
