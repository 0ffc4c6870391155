/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's side of a restore: what criu is told, and what is done when it says how far it is. The
 * processes that it makes stand still until its last notification is answered. Runs in the runtime.
 */
#include "boot/context.h"

#include "base/path.h"
#include "base/str.h"
#include "boot/protocol.h"
#include "criu/images.h"
#include "os/io.h"
#include "os/log.h"
#include "sys/channel.h"
#include "sys/deadline.h"
#include "sys/mountinfo.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int restore_network(const struct boot *b)
{
	switch (b->plan->namespaces.network) {
	case NETWORK_EARLY:
	case NETWORK_LATE:
		return b->host->network;
	case NETWORK_PATH:
		return b->host->requested[SPEC_NS_NETWORK];
	default:
		return -1;
	}
}

/* To criu, ready to be mounted; all else it makes again. */
static bool is_given(const struct boot *b, size_t index)
{
	const struct plan_mount *mount = &b->plan->mounts.v[index];

	/* Of version 1 criu makes again what shows a cgroup namespace's own root. */
	if (mount->kind == PLAN_MOUNT_CGROUP)
		return b->facts->cgroup->layout == CGROUP_V2 || !b->plan->namespaces.new_cgroup;
	return b->root.mounts[index] >= 0 && !mount->copy_symlink;
}

int parent_restore_sources(struct boot *b, struct err *e)
{
	autofree char *root = realpath(b->state->root, NULL);
	const struct plan *plan = b->plan;

	if (!root)
		return fail_sys(e, "find the place of '%s'", b->state->root);
	if (parent_clone_sources(b, e) < 0)
		return -1;
	b->place = arena_printf(b->arena, "%s/%s", root, b->state->id);
	b->root_place = arena_printf(b->arena, "%s/root", b->place);
	if (b->plan->cgroup.manage && b->facts->cgroup->layout == CGROUP_V2)
		b->restore->criu->cgroup_yard = arena_printf(b->arena, "%s/" STATE_YARD, b->place);
	b->places.n = plan->mounts.n;
	b->places.v = arena_new_array(b->arena, char *, plan->mounts.n ? plan->mounts.n : 1);
	for (size_t i = 0; i < plan->mounts.n; i++)
		if (is_given(b, i))
			b->places.v[i] = arena_printf(b->arena, "%s/mount-%zu", b->place, i);
	return 0;
}

static void add_joined(struct boot *b, const char *key, int fd)
{
	if (fd >= 0)
		b->joined[b->n_joined++] = (struct criu_descriptor){ .key = key, .fd = fd };
}

int parent_restore_sockets(struct boot *b, struct err *e)
{
	int pair[2];

	if (channel_pair(pair, e) < 0)
		return -1;
	b->peer.channel = pair[0];
	b->peer.theirs = pair[1];
	add_joined(b, CRIU_NETWORK_KEY, restore_network(b));
	add_joined(b, CRIU_PID_KEY, b->host->requested[SPEC_NS_PID]);
	return 0;
}

/* A filter that criu has would come on top of those that the images have, one more each time. Where all of
 * them have it already criu goes without, and each process is looked at before it runs. */
int parent_restore_confine(struct boot *b, struct err *e)
{
	struct seccomp_program program;
	const char *same;
	struct err ignored;
	bool confined = false;

	if (b->plan->confinement.peer_descriptors != PEERS_REFUSED)
		return 0;
	seccomp_peers_program(b->arena, &program);
	/* Without a cgroup of its own not every process of it is known. */
	if (b->plan->cgroup.manage &&
	    criu_images_filtered(b->restore->criu->images, program.v,
				 (program.n - 1) * sizeof(*program.v), &confined, e) < 0)
		return -1;
	b->images_confined = confined;
	b->confine_criu = !confined;
	/* What criu knows of the kernel it keeps (/run/criu.kdat); asking under the filter it would take the
	 * refusal for a broken one and give up. Where it cannot be asked its own words follow. */
	if (b->confine_criu)
		(void)!criu_check(b->restore->program, b->arena, &same, &ignored);
	return 0;
}

int parent_restore_clone(struct boot *b, struct err *e)
{
	int rc = child_clone(CLONE_NEWNS, b->group.cgroup.into, &b->peer.child, e);

	if (rc < 0)
		return -1;
	if (rc == 0) {
		b->peer.child.pid = 0;
		b->session.channel = take_fd(&b->peer.theirs);
		replace_fd(&b->peer.channel, -1);
		/* the lock goes with the runtime */
		replace_fd(&b->state->fd, -1);
		return 0;
	}
	replace_fd(&b->peer.theirs, -1);
	return 0;
}

int parent_restore_ready(struct boot *b, struct err *e)
{
	if (parent_expect(b, BOOT_READY, &b->criu_socket, e) < 0)
		return -1;
	if (b->criu_socket < 0)
		return fail(e, ERR_INTERNAL, "criu's socket did not come with its message");
	return 0;
}

/* A source and what is mounted below it: for each the name that it has in the images. */
static void add_mount(struct boot *b, const struct mountinfo *info, size_t index)
{
	struct criu_pairs *mounts = &b->restore->criu->mounts;
	const char *destination = b->plan->mounts.v[index].destination;
	const char *place = b->places.v[index];

	for (size_t i = 0; i < info->n; i++) {
		const char *found = info->v[i].mount_point;
		if (path_is_below(found, place))
			criu_pairs_add(
				mounts, b->arena,
				arena_printf(b->arena, "%s%s", destination, found + strlen(place)),
				found);
	}
}

static int add_mounts(struct boot *b, struct err *e)
{
	struct criu_pairs *mounts = &b->restore->criu->mounts;
	struct mountinfo info;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)b->peer.child.pid);
	if (mountinfo_read_at(AT_FDCWD, path, b->arena, &info, e) < 0)
		return -1;
	for (size_t i = 0; i < b->plan->mounts.n; i++)
		if (b->places.v[i])
			add_mount(b, &info, i);
	/* masked files */
	criu_pairs_add(mounts, b->arena, CRIU_NULL_KEY, "/dev/null");
	for (size_t i = 0; i < b->plan->devices.n; i++)
		if (b->plan->devices.v[i].bind)
			criu_pairs_add(mounts, b->arena, b->plan->devices.v[i].path,
				       b->plan->devices.v[i].path);
	return 0;
}

/* Namespaces that criu enters by path; ours, because a path is looked up once. */
static void add_joins(struct boot *b)
{
	static const struct {
		int type;
		const char *name;
	} kinds[] = {
		{ SPEC_NS_IPC, "ipc" },
		{ SPEC_NS_UTS, "uts" },
		{ SPEC_NS_TIME, "time" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int fd = b->host->requested[kinds[i].type];
		if (fd >= 0 && plan_join_of(b->plan, kinds[i].type))
			criu_pairs_add(&b->restore->criu->joins, b->arena, kinds[i].name,
				       arena_printf(b->arena, "/proc/%d/fd/%d", (int)getpid(), fd));
	}
}

static void add_descriptors(struct boot *b)
{
	struct criu_request *r = b->restore->criu;

	for (size_t i = 0; i < b->n_joined; i++)
		r->descriptors[r->n_descriptors++] = (struct criu_descriptor){
			.key = b->joined[i].key,
			.fd = RESTORE_FD_JOINED + (int)i,
		};
	for (int fd = 0; fd < 3; fd++) {
		const char *key = b->restore->descriptors[fd];
		bool known = false;
		/* One that was stdout and stderr is one file of criu's. */
		for (size_t i = 0; i < r->n_descriptors; i++)
			known |= str_eq(r->descriptors[i].key, key);
		if (key && !known)
			r->descriptors[r->n_descriptors++] =
				(struct criu_descriptor){ .key = key, .fd = fd };
	}
}

int parent_restore_request(struct boot *b, struct err *e)
{
	struct criu_request *r = b->restore->criu;

	if (add_mounts(b, e) < 0)
		return -1;
	add_joins(b);
	add_descriptors(b);
	r->type = CRIU_RESTORE;
	r->root = b->root_place;
	r->rst_sibling = true;
	r->notify_scripts = true;
	r->orphan_pts_master = true;
	r->evasive_devices = true;
	r->manage_cgroups = true;
	if (b->plan->cgroup.manage)
		r->cgroup_root = b->group.record->path;
	else
		r->cgroups_mode = CRIU_CGROUPS_IGNORE;
	return parent_go(b, e);
}

static int log_directory(const struct boot *b)
{
	const struct criu_request *r = b->restore->criu;

	return r->work >= 0 ? r->work : r->images;
}

/* End of file: it is criu by now. */
int parent_restore_program(struct boot *b, struct err *e)
{
	struct criu_request request = *b->restore->criu;
	struct message message;
	int rc = parent_wait(b, e);

	if (rc == 0)
		rc = channel_receive(b->peer.channel, &message, NULL, e);
	/* Ours are in another mount namespace, where criu could mount nothing. */
	request.images = RESTORE_FD_IMAGES;
	request.work = RESTORE_FD_WORK;
	if (request.config_fd >= 0)
		request.config_file =
			criu_config_path(RESTORE_FD_JOINED + (int)b->n_joined, b->arena);
	if (rc < 0)
		return -1;
	if (rc > 0 && message.type == BOOT_ERROR) {
		*e = message.error;
		b->peer.failed = true;
		return -1;
	}
	if (rc > 0)
		return fail(e, ERR_INTERNAL, "message %u where none was due", message.type);
	/* Its end says nothing any more; criu's log does. */
	replace_fd(&b->peer.channel, -1);
	criu_forget_log(log_directory(b), request.log_file);
	return criu_send(b->criu_socket, &request, e);
}

/* It is there, still without most of what it had: from now on it is ours to end. */
static int adopt(struct boot *b, pid_t pid, struct err *e)
{
	autoclose int pidfd = -1;

	if (b->criu.pid)
		return 0;
	if (pid <= 0)
		return fail(e, ERR_SYSTEM, "criu does not tell the first process");
	/* Our child, that nobody else can have waited for. */
	pidfd = sys_pidfd_open(pid, 0);
	if (pidfd < 0)
		return fail_sys(e, "open the restored process %d", (int)pid);
	b->criu = b->peer.child;
	b->peer.child = (struct child){ .pid = pid, .pidfd = take_fd(&pidfd) };
	return parent_record_init(b, e);
}

static int take_console(struct boot *b, int *fd, struct err *e)
{
	if (*fd < 0)
		return fail(e, ERR_SYSTEM, "the terminal did not come with criu's notification");
	if (b->options->console_to_caller) {
		replace_fd(&b->console_master, take_fd(fd));
		return 0;
	}
	if (!b->options->console_socket)
		return fail(e, ERR_CONFIG,
			    "the images have a terminal but process.terminal is not true");
	return parent_send_descriptor(b->options->console_socket, *fd, "/dev/ptmx", "console", e);
}

/* It has its capabilities, and criu is about to let it go whatever it is told: so it is ended before. */
static int check_power(struct boot *b, struct err *e)
{
	struct err ignored;

	b->power_checked = true;
	if (restore_check_power(b, e) == 0 && restore_check_filters(b, e) == 0)
		return 0;
	if (b->peer.child.pidfd >= 0)
		sys_pidfd_send_signal(b->peer.child.pidfd, SIGKILL);
	if (b->group.made)
		(void)!cgroup_kill(b->group.record, deadline_ms(), &ignored);
	return -1;
}

static int notified(struct boot *b, const struct criu_answer *answer, int *fd, struct err *e)
{
	log_debug("restore: criu: %s", answer->script);
	if (str_eq(answer->script, "setup-namespaces"))
		return adopt(b, answer->pid, e) < 0 ? -1 : parent_run_hooks(b, e);
	if (str_eq(answer->script, "orphan-pts-master"))
		return take_console(b, fd, e);
	if (str_eq(answer->script, "post-restore"))
		return adopt(b, answer->pid, e) < 0 ? -1 : restore_check_namespaces(b, e);
	if (str_eq(answer->script, "pre-resume"))
		return check_power(b, e);
	return 0;
}

static int fail_criu(const struct boot *b, const struct criu_answer *answer, const char *what,
		     struct err *e)
{
	return criu_fail(log_directory(b), b->restore->work_path, b->restore->criu->log_file,
			 answer, what, e);
}

/* It lives within the container's limits. */
static int fail_gone(struct boot *b, struct err *e)
{
	struct child *criu = b->criu.pid ? &b->criu : &b->peer.child;
	int status;

	if (!pidfd_ended(criu->pidfd, deadline_ms()))
		return fail(e, ERR_SYSTEM, "criu has hung up");
	if (parent_wait_end(b, criu, &status, e) < 0 ||
	    (status == 128 + SIGKILL && parent_fail_oom_killed(b, e) < 0))
		return -1;
	return fail_criu(b, NULL, arena_printf(b->arena, "criu restore (status %d)", status), e);
}

/* It ends what it has made, and lifts what holds up the network: it must have the time for that. */
static int refuse(struct boot *b)
{
	const struct child *criu = b->criu.pid ? &b->criu : &b->peer.child;
	struct err ignored;

	if (criu_notified(b->criu_socket, false, &ignored) == 0)
		pidfd_ended(criu->pidfd, deadline_ms());
	return -1;
}

int parent_restore_processes(struct boot *b, struct err *e)
{
	for (;;) {
		struct criu_answer answer;
		autoclose int fd = -1;
		const struct peer criu = parent_criu(b);
		int rc = criu_receive(b->criu_socket, &criu, &answer, &fd, e);

		if (rc < 0)
			return -1;
		if (rc == 0)
			return fail_gone(b, e);
		if (answer.type == CRIU_NOTIFY) {
			if (notified(b, &answer, &fd, e) < 0)
				return refuse(b);
			if (criu_notified(b->criu_socket, true, e) < 0)
				return -1;
			continue;
		}
		if (!answer.success || answer.type != CRIU_RESTORE)
			return fail_criu(b, &answer, "criu restore", e);
		if (!b->restore_checked)
			return fail(e, ERR_SYSTEM,
				    "criu has not asked before it let the container go");
		/* One that does not ask then has let it go. */
		if (!b->power_checked && check_power(b, e) < 0)
			return -1;
		return 0;
	}
}

int parent_restore_recorded(struct boot *b, struct err *e)
{
	int status;

	replace_fd(&b->criu_socket, -1);
	if (parent_wait_end(b, &b->criu, &status, e) < 0)
		return -1;
	if (status != 0)
		return fail(e, ERR_SYSTEM, "criu ended with status %d", status);
	b->status->phase = PHASE_STARTED;
	return state_write_status(b->state, b->status, e);
}
