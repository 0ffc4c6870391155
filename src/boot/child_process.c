/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child's own process: session, cgroup, network, names, descriptors, environment, working directory
 * and executable. Runs in the container's first process.
 */
#include "boot/context.h"

#include "base/str.h"
#include "boot/protocol.h"
#include "hooks/hooks.h"
#include "os/io.h"
#include "os/log.h"
#include "plan/state.h"
#include "sys/beneath.h"
#include "sys/channel.h"
#include "sys/nsfd.h"
#include "sys/procfs.h"
#include "sys/signals.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <malloc.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of the stack below the frame that gives it back: what its calls may need, and how deep any step may have
 * been. */
#define STACK_KEPT 4096u
#define STACK_USED (64u << 10)

/* A belt beside the braces of end of file on the channel, until "ready" clears it. A change of user takes
 * both away (prctl(2)), and a parent that died before is noticed by nothing but the channel. */
int child_die_with_parent(struct boot *b, struct err *e)
{
	struct pollfd parent = { .fd = b->session.channel, .events = 0 };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    prctl(PR_SET_DUMPABLE, b->session.reached_into ? 1 : 0) < 0)
		return fail_sys(e, "prctl");
	if (poll(&parent, 1, 0) < 0 || (parent.revents & (POLLHUP | POLLERR)))
		return fail(e, ERR_SYSTEM, "the runtime has ended");
	return 0;
}

int child_session(struct boot *b, struct err *e)
{
	b->session.reached_into =
		!b->exec && plan_has_user_namespace(b->plan) && !has_host_power(b);
	if (child_die_with_parent(b, e) < 0)
		return -1;
	/* The caller's terminal is not the container's (CVE-2017-5226: TIOCSTI). */
	if (setsid() < 0)
		return fail_sys(e, "setsid");
	/* What the runtime ignores or blocks must not reach the program: both survive execve(). */
	if (signals_reset(e) < 0)
		return -1;
	b->session.caller_umask = umask(0);
	return 0;
}

int child_wait_go(struct boot *b, struct err *e)
{
	struct message message;
	int rc = channel_receive(b->session.channel, &message, NULL, e);

	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != BOOT_GO)
		return fail(e, ERR_SYSTEM, "the runtime ended before the container was recorded");
	return 0;
}

int child_cgroup_join(struct boot *b, struct err *e)
{
	if (cgroup_join_self(&b->group.cgroup, e) < 0)
		return -1;
	if (b->group.procs >= 0 && write_fd_all(b->group.procs, "cgroup.procs", "0", 1, e) < 0)
		return -1;
	/* Their use is over; hooks will run in the container beside us. */
	cgroup_release(&b->group.cgroup);
	replace_fd(&b->group.procs, -1);
	return 0;
}

/* Asked while the host's /proc is there: the container may have none, or one that says anything. */
static bool setgroups_denied(void)
{
	char text[8] = "";
	autoclose int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && str_has_prefix(text, "deny");
}

int child_become_root(struct boot *b, struct err *e)
{
	/* the joiner's was asked for by the runtime */
	if (!b->exec)
		b->identity.groups_denied = setgroups_denied();
	if (!b->plan->namespaces.new_user)
		return 0;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return fail_sys(e, "become root of the new user namespace (is 0 mapped?)");
	return child_die_with_parent(b, e);
}

int child_cgroup_namespace(struct boot *b, struct err *e)
{
	if (b->plan->namespaces.new_cgroup && unshare(CLONE_NEWCGROUP) < 0)
		return fail_sys(e, "unshare a cgroup namespace");
	return 0;
}

/* The runtime has the power to move us; what we have is that of the container. */
int child_delegated_cgroup(struct boot *b, struct err *e)
{
	struct message message = { .type = BOOT_DELEGATE };
	int rc;

	if (!b->plan->cgroup.delegated)
		return 0;
	if (channel_send(b->session.channel, &message, -1, e) < 0)
		return -1;
	rc = channel_receive(b->session.channel, &message, NULL, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != BOOT_DELEGATE_DONE)
		return fail(e, ERR_SYSTEM, "the runtime ended before the cgroup was delegated");
	return 0;
}

/* A new network namespace is born with its loopback link down. */
static int loopback_up(struct err *e)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return fail_sys(e, "bring the loopback link up");
	return 0;
}

int child_check_network(struct boot *b, struct err *e)
{
	const struct plan_namespaces *ns = &b->plan->namespaces;
	uint64_t cookie;

	if (ns->new_network)
		return loopback_up(e);
	if (ns->network != NETWORK_EARLY || ns->network_cookie == 0)
		return 0;
	if (netns_cookie(&cookie, e) < 0)
		return -1;
	if (cookie != ns->network_cookie)
		return fail(e, ERR_POLICY, "the container is not in the network namespace '%s'",
			    ns->network_path);
	return 0;
}

int child_runtime_hooks(struct boot *b, struct err *e)
{
	struct message message = { .type = BOOT_HOOKS };
	int rc;

	if (b->plan->prestart.n + b->plan->create_runtime.n == 0)
		return 0;
	if (channel_send(b->session.channel, &message, -1, e) < 0)
		return -1;
	rc = channel_receive(b->session.channel, &message, NULL, e);
	if (rc < 0)
		return -1;
	if (rc == 0 || message.type != BOOT_HOOKS_DONE)
		return fail(e, ERR_SYSTEM, "the runtime ended while its hooks ran");
	return 0;
}

int child_create_container_hooks(struct boot *b, struct err *e)
{
	const struct oci_state state = oci_state_of_plan(b->plan, "created", getpid());
	struct hook_place place = b->hooks;
	const struct hook_run within = { .watch = NULL };

	/* The directory that will be the container's "/", as with runc. */
	place.directory = b->root.fd;
	umask(b->session.caller_umask);
	if (hooks_run("createContainer", &b->plan->create_container, &state, &place, &within, e) <
	    0)
		return -1;
	umask(0);
	return 0;
}

int child_hostname(struct boot *b, struct err *e)
{
	const struct plan *plan = b->plan;

	if (plan->hostname && sethostname(plan->hostname, strlen(plan->hostname)) < 0)
		return fail_sys(e, "set the host name '%s'", plan->hostname);
	if (plan->domainname && setdomainname(plan->domainname, strlen(plan->domainname)) < 0)
		return fail_sys(e, "set the domain name '%s'", plan->domainname);
	return 0;
}

/* SELinux labels a key with its maker, which is not the container's program yet (keyrings(7)); a newline
 * takes it back. Kernels without keyrings have no such file. */
static int label_keys(const struct boot *b, const char *label, struct err *e)
{
	if (!b->plan->process.selinux_label ||
	    procfs_write(b->procfs, "thread-self/attr/keycreate", label, e) == 0 ||
	    e->sys == ENOENT)
		return 0;
	return err_prefix(e, "selinuxLabel");
}

int child_keyring(struct boot *b, struct err *e)
{
	char name[STATE_ID_MAX + 8];

	if (b->options->no_new_keyring)
		return 0;
	if (str_format(name, sizeof(name), e, "_ses.%s", b->plan->id) < 0)
		return -1;
	if (label_keys(b, b->plan->process.selinux_label, e) < 0)
		return -1;
	/* Not every kernel has keyrings, and a quota is no reason not to start (keyctl(2)); without a
	 * keyring of its own the container has none of the caller's keys to lose either way. */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) < 0) {
		if (errno != ENOSYS && errno != EDQUOT && errno != EPERM)
			return fail_sys(e, "join a session keyring");
		log_note("no session keyring: %s", strerrordesc_np(errno));
	}
	return label_keys(b, "\n", e);
}

/* HOME for a user id from the image's /etc/passwd, read by hand: the C library's lookup may load
 * modules of the image (CVE-2019-14271), and the file may be anything. At most 1 MiB of it counts. */
static char *home_of(struct boot *b, uint32_t uid)
{
	autoclose int fd =
		sys_openat2(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
			    0, RESOLVE_NO_MAGICLINKS);
	struct stat st;
	struct err ignored;
	autofree char *text = NULL;
	size_t length;
	char *line, *rest;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > (1 << 20) ||
	    read_fd_all(fd, "/etc/passwd", 1 << 20, &text, &length, &ignored) < 0)
		return NULL;
	/* No text, so no passwd; a path must not end where its writer did not end it. */
	if (strlen(text) != length)
		return NULL;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		char *field[7], *at = line;
		size_t n = 0;
		uint32_t found;
		while (n < ARRAY_SIZE(field) && (field[n] = strsep(&at, ":")))
			n++;
		if (n >= 6 && parse_id(field[2], &found) && found == uid && field[5][0] == '/')
			return arena_strdup(b->arena, field[5]);
	}
	return NULL;
}

int child_environment(struct boot *b, struct err *e)
{
	const struct plan_process *process = &b->plan->process;
	const char *home;
	size_t n = 0, out = 0;

	(void)e;
	while (process->env && process->env[n])
		n++;
	b->program.env = arena_new_array(b->arena, char *, n + 2);
	for (size_t i = 0; i < n; i++)
		/* An empty HOME counts as none. */
		if (process->home_set || !str_has_prefix(process->env[i], "HOME="))
			b->program.env[out++] = process->env[i];
	if (!process->home_set) {
		home = home_of(b, process->uid);
		b->program.env[out] = arena_printf(b->arena, "HOME=%s", home ? home : "/");
	}
	return 0;
}

/* All but `keep`, from the first descriptor on that the program does not inherit. */
static int close_from_program(const struct boot *b, const int *keep, size_t n, struct err *e)
{
	return close_all_but(3 + b->options->preserve_fds, keep, n) < 0 ? fail_sys(e, "close_range")
									: 0;
}

int child_descriptors(struct boot *b, struct err *e)
{
	bool late = b->plan->namespaces.network == NETWORK_LATE;
	bool hooks = b->plan->start_container.n > 0;
	int keep[] = { b->session.channel,
		       b->start_listener,
		       b->filter.status,
		       late ? b->host->network : -1,
		       hooks ? b->hooks.output : -1,
		       hooks ? b->hooks.errors : -1 };

	/* The log's descriptor goes too. */
	log_silence();
	return close_from_program(b, keep, ARRAY_SIZE(keep), e);
}

int child_last_descriptors(struct boot *b, struct err *e)
{
	int keep[] = { b->session.channel, b->filter.status };

	return close_from_program(b, keep, ARRAY_SIZE(keep), e);
}

/* getcwd(2): a directory outside the root is "(unreachable)..."; a working directory like that would be
 * a way out (CVE-2024-21626). */
static int check_inside(const char *cwd, struct err *e)
{
	char buffer[4096];

	if (syscall(SYS_getcwd, buffer, sizeof(buffer)) < 0)
		return fail_sys(e, "process.cwd: '%s'", cwd);
	if (buffer[0] != '/')
		return fail(e, ERR_CONFIG, "process.cwd: '%s' is outside the container's root",
			    cwd);
	return 0;
}

/* As the user who will run it, else as root: a directory that one of them may enter is good enough. */
int child_enter_directory(struct boot *b, struct err *e)
{
	const char *cwd = b->plan->process.cwd;
	autoclose int fd = sys_openat2(AT_FDCWD, cwd, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
				       RESOLVE_NO_MAGICLINKS);

	if (fd < 0 || fchdir(fd) < 0) {
		if (b->program.in_directory && errno == EACCES)
			return 0;
		return fail_sys(e, "process.cwd: chdir to '%s'", cwd);
	}
	return check_inside(cwd, e);
}

int child_working_directory(struct boot *b, struct err *e)
{
	const char *cwd = b->plan->process.cwd;
	autoclose int root = -1, fd = -1;

	if (!cwd)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail_sys(e, "open '/'");
	/* What creation has made is the container's own by now: a name that is not there is a wrong one. */
	fd = b->exec ? beneath_open(root, cwd, O_DIRECTORY, e)
		     : beneath_make_directory(root, cwd, 0755, e);
	if (fd < 0)
		return err_prefix(e, "process.cwd");
	b->program.in_directory = fchdir(fd) == 0;
	if (!b->program.in_directory && errno != EACCES)
		return fail_sys(e, "process.cwd: chdir to '%s'", cwd);
	return b->program.in_directory ? check_inside(cwd, e) : 0;
}

/* Init may wait for long, many of it side by side: what was freed, and what the stack was used for further
 * down than it is now, need not stay. */
static void give_back_memory(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), page = (uintptr_t)getpagesize();
	uintptr_t end = (here - STACK_KEPT) & ~(page - 1);

	malloc_trim(0);
	/* ENOMEM: the stack was never as deep as that */
	(void)!madvise((void *)(end - STACK_USED), STACK_USED, MADV_DONTNEED);
}

/* It is in the records; until READY the end of the channel is what tells of the runtime's. */
int child_outlive_runtime(struct boot *b, struct err *e)
{
	(void)b;
	give_back_memory();
	if (prctl(PR_SET_PDEATHSIG, 0) < 0)
		return fail_sys(e, "prctl");
	return 0;
}

int child_ready(struct boot *b, struct err *e)
{
	struct message message = { .type = BOOT_READY };

	if (channel_send(b->session.channel, &message, -1, e) < 0)
		return -1;
	if (!b->options->start_follows)
		replace_fd(&b->session.channel, -1);
	return 0;
}
