/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing the listener of a filter to the agent that answers for it (config-linux.md "The Container Process
 * State"). Runs in the runtime.
 */
#include "seccomp/program.h"

#include "base/auto.h"
#include "sys/deliver.h"

static void put_process(const struct seccomp_container *container, const char *metadata,
			struct json_out *out)
{
	json_out_object(out);
	json_out_member_string(out, "ociVersion", container->state.oci_version);
	json_out_key(out, "fds");
	json_out_array(out);
	json_out_string(out, "seccompFd");
	json_out_array_end(out);
	json_out_member_i64(out, "pid", container->pid);
	if (metadata)
		json_out_member_string(out, "metadata", metadata);
	json_out_key(out, "state");
	oci_state_encode(&container->state, out);
	json_out_object_end(out);
}

int seccomp_listener_send(const char *path, const char *metadata,
			  const struct seccomp_container *container, int fd, struct err *e)
{
	auto_json_out out = json_out_new(false);
	const char *text;
	size_t length;

	put_process(container, metadata, out);
	if (json_out_finish(out, &text, &length, e) < 0)
		return -1;
	if (deliver(path, text, length, fd, "", e) < 0)
		return err_prefix(e, "linux.seccomp.listenerPath");
	return 0;
}
