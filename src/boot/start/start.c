/* SPDX-License-Identifier: Apache-2.0 */
/*
 * THE START PAGE, the side of `start`: let the waiting init go and learn whether its program runs. The
 * other side is start_page() in create/create.c. Runs in the runtime.
 */
#include "boot/boot.h"

#include "boot/common/identity_check.h"
#include "boot/common/step.h"
#include "boot/protocol.h"
#include "boot/record/address.h"
#include "boot/record/forward.h"
#include "boot/record/runtime_hooks.h"
#include "cgroup/cgroup.h"
#include "os/io.h"
#include "os/log.h"
#include "seccomp/program.h"
#include "sys/channel.h"
#include "sys/child.h"
#include "sys/nsfd.h"
#include "sys/peer.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

/* Of a network that is to be left: one that has more is in use. */
#define LINKS_MAX (256 * 1024)

struct start {
	const struct start_request *in;
	int pidfd, socket;
	int status_fd; /* of init, as it was sent */
	struct identity_shown shown;
	struct cgroup_memory memory; /* before init was let go */
	bool links; /* a network that it is to leave has been set up, as far as is known */
	bool held;  /* to its own addresses, since create */
	bool over;  /* init was let go and has ended, or is about to */
};

/* Hooks may take their time, but what is stopped or frozen will not answer at all. */
static int check_moving(const struct start *s, struct err *e)
{
	uint64_t start_time;
	char state = 0;

	if (s->in->status->cgroup && s->in->status->cgroup->manage &&
	    cgroup_is_frozen(s->in->status->cgroup))
		return fail(e, ERR_STATE, "cannot start a paused container");
	if (procfs_start_time((pid_t)s->in->status->init.pid, &start_time, &state, e) == 0 &&
	    (state == 'T' || state == 't'))
		return fail(e, ERR_STATE,
			    "cannot start the container: its first process is stopped by a signal");
	return 0;
}

static int start_find_init(struct start *s, struct err *e)
{
	if (s->in->link)
		return s->pidfd = s->in->link->pidfd;
	s->pidfd = process_open(&s->in->status->init, e);
	if (s->pidfd < 0 && e->kind == ERR_NOT_FOUND)
		return fail(e, ERR_STATE, "cannot start a container that has stopped");
	return s->pidfd < 0 ? -1 : check_moving(s, e);
}

static int start_connect(struct start *s, struct err *e)
{
	if (s->in->link)
		return s->socket = s->in->link->channel;
	s->socket = channel_connect(s->in->state->fd, STATE_START_SOCKET, e);
	if (s->socket < 0 && (e->sys == ENOENT || e->sys == ECONNREFUSED))
		return fail(e, ERR_STATE, "cannot start an already running container");
	return s->socket;
}

/* Drivers of tunnels put these into each new namespace (net.core.fb_tunnels_only_for_init_net). */
static bool is_there_always(const char *name, size_t length)
{
	static const char names[][sizeof("ip6_vti0")] = {
		"lo",      "tunl0",   "sit0",     "gre0",    "gretap0",
		"erspan0", "ip_vti0", "ip6_vti0", "ip6tnl0", "ip6gre0",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == length && strncmp(name, names[i], length) == 0)
			return true;
	return false;
}

/* As /proc/PID/net/dev shows them, one a line below two of headings. */
static bool has_links(const char *text)
{
	for (const char *line = text; (line = strchr(line, '\n')) && *++line;) {
		const char *name = line + strspn(line, " ");
		const char *colon = strpbrk(name, ":\n");

		if (colon && *colon == ':' && !is_there_always(name, (size_t)(colon - name)))
			return true;
	}
	return false;
}

/* The engine has set up the network that the container is about to leave, if it was to have one. */
static int start_look_at_network(struct start *s, struct err *e)
{
	autofree char *text = NULL;
	const char *warning;
	struct err unread;
	char path[48];
	size_t length;
	long added;

	(void)e;
	if (s->in->status->network != NETWORK_LATE)
		return 0;
	s->links = true;
	snprintf(path, sizeof(path), "/proc/%d/net/dev", (int)s->in->status->init.pid);
	if (read_file_at(AT_FDCWD, path, LINKS_MAX, &text, &length, &unread) < 0) {
		log_debug("%s", unread.text);
		return 0;
	}
	s->links = has_links(text);
	if (s->links)
		return 0;
	const struct network chosen = network_of_status(s->in->status);
	added = decisions_add_unused_network(&s->in->status->decisions, &chosen, s->in->arena);
	if (added < 0)
		return 0;
	warning = decisions_warning(&s->in->status->decisions, (size_t)added, s->in->arena);
	/* `run` sets nothing up in between: there it is how bundles are written, and no news at each start */
	if (s->in->link && !log_has_target())
		log_note("%s", warning);
	else
		log_warning("%s", warning);
	return 0;
}

/* One that is known by a path is what it was; "self" is another one for each that says so. */
static int open_shared(const struct status_record *status, struct err *e)
{
	autoclose int network = nsfd_network(status->network_path, e);
	uint64_t cookie;

	if (network < 0)
		return -1;
	if (str_eq(status->network_path, "self") &&
	    (netns_cookie(&cookie, e) < 0 || cookie != status->network_cookie))
		return fail(e, ERR_STATE, "start runs in another network than create did");
	return take_fd(&network);
}

/* Recorded first, so that `delete` finds it. */
static int forward_from_init(const struct start *s, struct err *e)
{
	struct status_record *status = s->in->status;
	autoclose int decoy = nsfd_of_process(status->init.pid, "net"), network = -1;

	if (decoy < 0)
		return fail_sys(e, "open the network namespace of the container's first process");
	network = open_shared(status, e);
	if (network < 0 || netns_cookie_apart(decoy, &status->forward->decoy, e) < 0 ||
	    state_write_status(s->in->state, status, e) < 0)
		return -1;
	return record_forward(s->in->state, status, decoy, network, s->in->arena, e);
}

static int forward_again(const struct start *s, struct err *e)
{
	struct status_record *status = s->in->status;
	struct err why;

	/* what was not there at create, or not written into the engine's file of resolvers */
	if (!status->forward || !(status->forward->empty || status->forward->source) ||
	    record_forward_again(s->in->state, status, false, s->in->arena, &why) == 0)
		return 0;
	return record_not_forwarded(s->in->state, status, &why, s->in->arena, e);
}

/* Engines take for granted that what cannot be started has ended: Docker forgets it, and would leave it for ever. */
static int refuse(struct start *s, const struct err *e)
{
	if (e->kind != ERR_POLICY)
		return -1;
	(void)!sys_pidfd_send_signal(s->pidfd, SIGKILL);
	s->over = true;
	return -1;
}

/* What it set up until now leads to the container: before init leaves the engine's network, and all that it has there with
 * it. A start does not fail over it, unless the container's own address was to come so. */
static int start_forward(struct start *s, struct err *e)
{
	struct status_record *status = s->in->status;
	struct err why;

	s->held = status->address && status->address->index.set;
	if (status->network == NETWORK_EARLY)
		return forward_again(s, e) < 0 ? refuse(s, e) : 0;
	if (!status->forward || !s->links || forward_from_init(s, &why) == 0)
		return 0;
	/* nothing was made */
	status->forward->decoy = 0;
	if (why.kind == ERR_POLICY) {
		*e = why;
		return refuse(s, e);
	}
	if (record_not_forwarded(s->in->state, status, &why, s->in->arena, e) < 0)
		return refuse(s, e);
	return 0;
}

static int start_hold_address(struct start *s, struct err *e)
{
	struct status_record *status = s->in->status;
	autoclose int network = -1;

	if (!status->address || s->held)
		return 0;
	if (record_address_without_engine(s->in->state, status, NULL, s->in->arena, e) < 0)
		return refuse(s, e);
	network = open_shared(status, e);
	return network < 0 ? -1 : record_arm_address(s->in->state, status, network, e);
}

static int start_go(struct start *s, struct err *e)
{
	struct message go = { .type = BOOT_GO };
	struct err unremoved;

	cgroup_memory_of_record(s->in->status->cgroup, &s->memory);
	if (channel_send(s->socket, &go, -1, e) < 0)
		return -1;
	/* Its listener is gone by now, or soon, so the name leads nowhere even if it cannot be removed; and
	 * what was let go is not called back. */
	if (!s->in->link && unlinkat(s->in->state->fd, STATE_START_SOCKET, 0) < 0 &&
	    errno != ENOENT) {
		fail_sys(&unremoved, "container %s: remove the start socket", s->in->status->id);
		log_warning("%s", unremoved.text);
	}
	return 0;
}

/* A message, end of file (0), or the death of init with nothing more to read (0). */
static int receive(struct start *s, struct message *message, int *ret_fd, struct err *e)
{
	/* A descriptor that it passed on would keep the socket open; its end is its end. */
	const struct peer init = {
		.name = "the container's first process",
		.pid = (pid_t)s->in->status->init.pid,
		.pidfd = s->pidfd,
		.notifies = !str_empty(s->in->listener_path),
		.hindrance = cgroup_hindrance,
	};
	int rc = peer_wait(&init, s->socket, e);

	/* It has been let go: given up, it must end. */
	s->over |= rc < 0;
	return rc <= 0 ? rc : channel_receive(s->socket, message, ret_fd, e);
}

/* A late joiner loads its filter only now. */
static int start_listener(struct start *s, int listener, struct err *e)
{
	const struct message done = { .type = BOOT_SECCOMP_DONE };
	const struct seccomp_container container = {
		.state = oci_state_of_status(s->in->status, "created"),
		.pid = (pid_t)s->in->status->init.pid,
	};

	if (listener < 0 || str_empty(s->in->listener_path))
		return fail(e, ERR_INTERNAL, "a message about a listener that does not exist");
	if (seccomp_listener_send(s->in->listener_path, s->in->listener_metadata, &container,
				  listener, e) < 0)
		return -1;
	return channel_send(s->socket, &done, -1, e);
}

/* A death in the last moment ends the conversation as execve() does. It cannot be told any more where its
 * parent has waited for it. */
static bool died_before_execve(const struct start *s)
{
	bool executed = true;
	struct err ignored;

	return procfs_has_executed((pid_t)s->in->status->init.pid, &executed, &ignored) == 0 &&
	       !executed;
}

static int fail_over(const struct start *s, struct err *e)
{
	struct cgroup_memory now;

	cgroup_memory_of_record(s->in->status->cgroup, &now);
	if (now.kills > s->memory.kills)
		return fail_oom_killed("the container's first process", &now, e);
	return fail(e, ERR_SYSTEM, "the container's first process ended before its program ran");
}

static int start_look(struct start *s, uint32_t loaded, struct err *e)
{
	const struct message go = { .type = BOOT_GO };

	s->shown.loaded = loaded;
	if (!s->in->status->identity)
		return fail(e, ERR_STATE, "the records do not say what the process is to be");
	if (identity_check(s->in->status->identity, &s->shown, true, e) < 0)
		return e->sys == ESRCH ? fail_over(s, e) : err_prefix(e, "look");
	return channel_send(s->socket, &go, -1, e);
}

/* Where this fails init waits for us, and ends when we are gone. */
static int answer(struct start *s, const struct message *message, int *fd, bool *ret_executing,
		  struct err *e)
{
	switch (message->type) {
	case BOOT_ERROR:
		*e = message->error;
		return -1;
	case BOOT_SECCOMP:
		return start_listener(s, *fd, e);
	case BOOT_IDENTITY:
		replace_fd(&s->status_fd, take_fd(fd));
		return identity_take(message, s->status_fd, &s->shown, e);
	case BOOT_LOOK:
		*ret_executing = true;
		return start_look(s, (uint32_t)message->value, e);
	case BOOT_EXECUTE:
		*ret_executing = true;
		if (!s->in->status->identity)
			return 0;
		__attribute__((fallthrough));
	default:
		return fail(e, ERR_INTERNAL, "message %u where another one was due", message->type);
	}
}

static int start_wait(struct start *s, struct err *e)
{
	struct message message = { 0 };
	bool executing = false;

	for (;;) {
		autoclose int fd = -1;
		int rc = receive(s, &message, &fd, e);
		if (rc < 0)
			return -1;
		if (rc == 0)
			break;
		if (answer(s, &message, &fd, &executing, e) < 0) {
			s->over = true;
			return -1;
		}
	}
	s->over = !executing || died_before_execve(s);
	return s->over ? fail_over(s, e) : 0;
}

/* Others may look at it, or delete it by force, while a hook of its own hangs. */
static int start_unlock(struct start *s, struct err *e)
{
	(void)e;
	if (s->in->hooks)
		state_unlock(s->in->state);
	return 0;
}

static int start_relock(struct start *s, struct err *e)
{
	if (s->in->state->locked || relock_after_hook(s->in->state, e) == 0)
		return 0;
	return fail(e, ERR_STATE, "container %s was deleted while its hooks ran", s->in->state->id);
}

/* What create has left to us, while init loads its filter: it waits for one more word before it does anything that
 * can be seen. */
static int start_record_created(struct start *s, struct err *e)
{
	if (!s->in->link)
		return 0;
	return state_write_status(s->in->state, s->in->status, e);
}

/* The program runs, whatever becomes of its record. One that says "created" says the same where init does not
 * listen any more (container_is_waiting()), so a full or read-only file system is not an error. */
static int start_record(struct start *s, struct err *e)
{
	s->in->status->phase = PHASE_STARTED;
	if (state_write_status(s->in->state, s->in->status, e) < 0)
		log_warning("%s", e->text);
	return 0;
}

#define STEP(name, call) STEP_ON("start", name, call)
#define AWAIT(name, call) AWAIT_ON("start", name, call)

static int start_page(struct start *s, struct err *e)
{
	STEP("find-init", start_find_init(s, e));
	STEP("connect", start_connect(s, e));
	STEP("network", start_look_at_network(s, e));
	STEP("forward", start_forward(s, e));
	STEP("hold-address", start_hold_address(s, e));
	STEP("go", start_go(s, e));
	STEP("record-created", start_record_created(s, e));
	STEP("unlock", start_unlock(s, e));
	AWAIT("wait", start_wait(s, e));
	STEP("lock", start_relock(s, e));
	STEP("record-running", start_record(s, e));
	return 0;
}

int boot_start(const struct start_request *request, bool *ret_over, struct err *e)
{
	struct start s = {
		.in = request,
		.pidfd = -1,
		.socket = -1,
		.status_fd = -1,
		.shown = { .fd = -1 },
	};
	int rc = start_page(&s, e);

	close_keep_errno(s.status_fd);

	if (!request->link) {
		close_keep_errno(s.pidfd);
		close_keep_errno(s.socket);
	}
	*ret_over = s.over;
	return rc;
}
