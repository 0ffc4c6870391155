/* SPDX-License-Identifier: Apache-2.0 */
/* Creation as `create` and `run` share it. */
#ifndef CONTAINER_CREATE_H
#define CONTAINER_CREATE_H

#include "container/container.h"

/* A container that was just created; `dir` is locked. Owned. */
struct new_container {
	struct arena arena;
	struct state_dir dir;
	struct status_record status;
	struct container_preview preview;
	struct host host;
	struct inherited inherited;
	struct child init;
	int console_master;
	int channel; /* to init, where `start_follows` was asked for */
};
#define NEW_CONTAINER_INIT                                                    \
	{                                                                     \
		.dir = STATE_DIR_INIT, .host = HOST_INIT, .init = CHILD_INIT, \
		.console_master = -1, .channel = -1                           \
	}

/* Does not end the container. */
void new_container_release(struct new_container *made);
#define autonew __attribute__((cleanup(new_container_release))) struct new_container

/* What comes before anything is made: what can be refused is refused, the id is claimed. *ret is complete
 * but for its options. On failure nothing is left. */
int container_prepare(const struct global_options *global, const char *id, enum policy_path path,
		      const struct container_create_options *options, bool console_to_caller,
		      struct new_container *made, struct boot_request *ret, struct err *e)
	MUST_CHECK;
/* runtime.md "Lifecycle": a creation that failed goes on with the deletion's steps, unless another command has done
 * that. Returns -1, `error` says where something stays. `result` may be NULL: nothing has been made. */
int container_discard(struct new_container *made, const struct create_result *result,
		      struct err *error);
/* What was decided while it was made, from that number on. */
void report_created(const struct new_container *made, enum policy_path path, size_t first);
/* console_to_caller: a terminal's master is left in made->console_master instead of being sent to the
 * console socket. start_follows: as in boot/boot.h. On failure nothing is left. */
int container_create_locked(const struct global_options *global, const char *id,
			    const struct container_create_options *options, bool console_to_caller,
			    bool start_follows, struct new_container *made, struct err *e)
	MUST_CHECK;

/* Start a created container whose state is locked, and run its poststart hooks, with the lock let go; if one of them fails
 * the container is killed (config.md "Poststart"). *ret_over, set also on failure: it was let go and will
 * never run, so the steps of its deletion are due (runtime.md "Lifecycle", steps 7 to 9). */
int container_start_locked(struct state_dir *dir, struct status_record *status, struct arena *arena,
			   const struct spec *spec, const struct init_link *link, bool *ret_over,
			   struct err *e) MUST_CHECK;

#endif
