/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events: what a container uses, at intervals, and reports of processes that were ended for lack of
 * memory, until it ends. One JSON object a line, in the form of runc.
 */
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "container/recorded.h"
#include "container/running.h"
#include "os/clock.h"
#include "sys/deadline.h"

#include <poll.h>

static void open_event(struct json_out *out, const char *type, const char *id)
{
	json_out_object(out);
	json_out_member_string(out, "type", type);
	json_out_member_string(out, "id", id);
}

static int emit_stats(const struct running *running, container_emit *emit, struct err *e)
{
	auto_json_out out = json_out_new(false);

	open_event(out, "stats", running->dir.id);
	json_out_key(out, "data");
	if (cgroup_stats(running->cgroup, recorded_rdt(running->status, NULL), out, e) < 0)
		return -1;
	json_out_object_end(out);
	return emit(out, e);
}

static int emit_oom(const struct running *running, container_emit *emit, struct err *e)
{
	auto_json_out out = json_out_new(false);

	open_event(out, "oom", running->dir.id);
	json_out_object_end(out);
	return emit(out, e);
}

static int follow(const struct running *running, struct cgroup_oom *oom, int64_t interval_ms,
		  container_emit *emit, struct err *e)
{
	int64_t next = clock_ms() + interval_ms;

	for (;;) {
		struct pollfd fds[] = { { .fd = running->pidfd, .events = POLLIN },
					{ .fd = oom->fd, .events = POLLIN } };
		int64_t left = next - clock_ms();
		int n = poll(fds, ARRAY_SIZE(fds),
			     left < 0           ? 0
			     : left > INT32_MAX ? INT32_MAX
						: (int)left);
		if (n < 0 && errno != EINTR)
			return fail_sys(e, "wait for events of container %s", running->dir.id);
		/* Before its end is looked at: it may have been ended because memory ran out. */
		if (n > 0 && fds[1].revents && cgroup_oom_happened(oom) &&
		    emit_oom(running, emit, e) < 0)
			return -1;
		if (n > 0 && fds[0].revents)
			return 0;
		if (clock_ms() < next)
			continue;
		if (emit_stats(running, emit, e) < 0)
			return -1;
		next = clock_ms() + interval_ms;
	}
}

int container_events(const struct global_options *global, const char *id, bool stats_only,
		     int64_t interval_ms, container_emit *emit, struct err *e)
{
	autorunning running = RUNNING_INIT;
	autooom oom = CGROUP_OOM_INIT;

	/* Without the lock, which would keep every other command out for as long as this one runs. */
	if (running_open_cgroup(global, id, "watch", false, &running, e) < 0)
		return -1;
	if (stats_only)
		return emit_stats(&running, emit, e);
	if (cgroup_oom_open(running.cgroup, &oom, e) < 0)
		return -1;
	return follow(&running, &oom, interval_ms, emit, e);
}
