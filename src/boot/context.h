/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the steps of the CREATE and the EXEC page share. The parent fills it; the child works on the copy that it got
 * at its birth, descriptors included. Names: parent_* runs in the runtime, child_* in the container's
 * first process.
 */
#ifndef BOOT_CONTEXT_H
#define BOOT_CONTEXT_H

#include "boot/boot.h"
#include "boot/identity_check.h"
#include "boot/parts.h"
#include "cgroup/cgroup.h"
#include "hooks/hooks.h"
#include "seccomp/program.h"
#include "sys/channel.h"
#include "sys/mountinfo.h"
#include "sys/peer.h"

#include <stdbool.h>

struct boot {
	const struct plan *plan;
	const struct facts *facts;
	struct host *host;
	const struct create_options *options;
	const struct hook_files *hook_files;
	struct state_dir *state;
	struct status_record *status;
	struct arena *arena;
	const char *members_directory, *filters_directory;

	struct boot_peer peer;
	struct session session;
	struct boot_group group;
	struct root root;
	struct homes homes;
	struct program program;
	struct identity identity;
	struct filter filter;

	struct identity_record *expected;     /* of the process that is made */
	int status_fd;                        /* runtime: as it was sent */
	struct identity_shown identity_shown; /* runtime: what came with the descriptor */
	bool dies_with_parent;                /* child of exec: unless a profile has refused it */
	pid_t own; /* child of exec: its number, as the kernel has said it */

	struct net_move *moves; /* one per plan->net_devices; NULL: none has begun */
	int container_network;  /* while they may have to go back */
	bool registered;
	bool pid_file_written;
	struct intent_record *intent; /* as it was written */
	bool deleted; /* by another command, while a hook ran: nothing of it is ours any more */

	int start_listener; /* ROOT/ID/start */
	int console_master; /* parent: received, owned */

	int mounts_copy; /* pidfd of who keeps a copy of the runtime's mounts; -1: the container's own is one */
	size_t joined_mounts; /* parent: so many of them are those of the child, in a mount namespace that is joined */
	int device_nodes; /* a tmpfs with devices, by their numbers in the plan; -1: none is needed */
	bool *device_made; /* one per plan->devices: it is on that */

	struct hook_place hooks; /* of the runtime's hooks; the child's have its files */
	int procfs; /* for the label of a security module; -1 where none is asked for */

	/* --- EXEC --- */
	const struct exec_request *exec; /* NULL on the other pages */
	int target;                      /* pidfd of the container's first process */
	int init_root;       /* its root directory where its mount namespace is ours, else -1 */
	uint64_t join_flags; /* CLONE_NEW* of its namespaces that are not ours, but the network */
	bool join_network;   /* its network is not ours */
	bool outside; /* the joiner is outside of the container's cgroup, and the process is moved there */
	int network; /* entered instead of its own (before a late join), else -1 */

	/* --- MOUNTS --- */
	const struct mounts_request *live; /* NULL on the other pages */

	/* --- RESTORE: until the container's first process is there, `peer.child` is criu --- */
	const struct restore_request *restore; /* NULL on the other pages */
	struct child criu;                     /* then it is here, until it has ended */
	int criu_socket;                       /* our end, while criu may say something */
	bool power_checked;
	bool confine_criu;          /* what it makes inherits the policy's filter */
	bool images_confined;       /* the images have it; that each process does is looked at */
	bool restore_checked;       /* that it is where it belongs */
	int criu_fds[CRIU_FDS_MAX]; /* child: what it takes along, from 3 on */
	/* Namespaces that it enters instead of making them, under these names. */
	size_t n_joined;
	struct criu_descriptor joined[2]; /* not owned */
	struct strlist
		places; /* one per plan->mounts: where criu finds it; NULL where it need not */
	const char *place,
		*root_place; /* a directory of criu's own, and in it the root filesystem */
};

/* Nothing is open, and nobody is there. */
#define BOOT_INIT                                                                                  \
	{                                                                                          \
		.peer = BOOT_PEER_INIT, .session = { .channel = -1 }, .group = BOOT_GROUP_INIT,    \
		.root = ROOT_INIT, .homes = HOMES_INIT, .filter = FILTER_INIT, .criu = CHILD_INIT, \
		.criu_socket = -1, .start_listener = -1, .console_master = -1, .device_nodes = -1, \
		.init_root = -1, .mounts_copy = -1, .procfs = -1, .container_network = -1,         \
		.hooks = HOOK_PLACE_INIT, .target = -1, .network = -1, .status_fd = -1             \
	}
/* Close what is open still. The process is left to the caller. */
void boot_release(struct boot *b);
#define autoboot __attribute__((cleanup(boot_release))) struct boot

/* CAP_SYS_ADMIN over the runtime's own namespaces, and not just over those that it makes. */
bool has_host_power(const struct boot *b);

/* --- parent_restore.c, child_restore.c: the RESTORE page --- */
/* Descriptors of criu, behind its socket. */
enum { RESTORE_FD_IMAGES = 4, RESTORE_FD_WORK, RESTORE_FD_JOINED };
/* The network namespace that it is restored into; -1: one of its own, or the runtime's. */
int restore_network(const struct boot *b);
/* --- restore_check.c --- */
int restore_check_namespaces(struct boot *b, struct err *e) MUST_CHECK;
int restore_check_power(struct boot *b, struct err *e) MUST_CHECK;
int restore_check_filters(struct boot *b, struct err *e) MUST_CHECK;
int parent_restore_sources(struct boot *b, struct err *e) MUST_CHECK;
int parent_restore_sockets(struct boot *b, struct err *e) MUST_CHECK;
int parent_restore_confine(struct boot *b, struct err *e) MUST_CHECK;
int parent_restore_clone(struct boot *b, struct err *e) MUST_CHECK;
int parent_restore_ready(struct boot *b, struct err *e) MUST_CHECK;
int parent_restore_request(struct boot *b, struct err *e) MUST_CHECK;
int parent_restore_program(struct boot *b, struct err *e) MUST_CHECK;
int parent_restore_processes(struct boot *b, struct err *e) MUST_CHECK;
int parent_restore_recorded(struct boot *b, struct err *e) MUST_CHECK;
int child_restore_session(struct boot *b, struct err *e) MUST_CHECK;
int child_restore_network(struct boot *b, struct err *e) MUST_CHECK;
int child_restore_place(struct boot *b, struct err *e) MUST_CHECK;
int child_restore_mounts(struct boot *b, struct err *e) MUST_CHECK;
int child_restore_mount_points(struct boot *b, struct err *e) MUST_CHECK;
int child_restore_ready(struct boot *b, struct err *e) MUST_CHECK;
int child_restore_confine(struct boot *b, struct err *e) MUST_CHECK;
int child_restore_execute(struct boot *b, struct err *e) MUST_CHECK;

/* --- peer.c: waiting for what was made, and ending what is given up --- */
/* Until b->init has said something on b->channel, or has hung up. */
int parent_wait(const struct boot *b, struct err *e) MUST_CHECK;
/* Until it has ended, of which nothing is left then. */
int parent_wait_end(const struct boot *b, struct child *child, int *ret_status, struct err *e)
	MUST_CHECK;
struct peer parent_criu(const struct boot *b);
/* A process between the runtime and b->init, of which one may have to wait for the other. */
struct peer parent_helper(const struct boot *b, const struct child *helper);
int parent_wait_helper(const struct boot *b, struct child *helper, int *ret_status, struct err *e)
	MUST_CHECK;
/* Also what is frozen. */
void parent_end(struct child *child);

/* --- parent_*.c: steps of the runtime --- */
int parent_seccomp(struct boot *b, struct err *e) MUST_CHECK;
int parent_record_intent(struct boot *b, struct err *e) MUST_CHECK;
int parent_cgroup_create(struct boot *b, struct err *e) MUST_CHECK;
int parent_rdt_create(struct boot *b, struct err *e) MUST_CHECK;
int parent_rdt_join(struct boot *b, struct err *e) MUST_CHECK;
int parent_protect_descriptors(struct boot *b, struct err *e) MUST_CHECK;
int parent_open_sources(struct boot *b, struct err *e) MUST_CHECK;
/* Whatever user namespace the container has. */
int parent_clone_sources(struct boot *b, struct err *e) MUST_CHECK;
/* Of one bind mount, in the caller's mount namespace, which is the runtime's where `here`; user_namespace: of its
 * ids, or -1. */
int clone_source(const struct boot *b, const struct plan_mount *mount, int user_namespace,
		 bool here, struct err *e) MUST_CHECK;
int parent_device_nodes(struct boot *b, struct err *e) MUST_CHECK;
int parent_open_sockets(struct boot *b, struct err *e) MUST_CHECK;
int parent_time_namespace(struct boot *b, struct err *e) MUST_CHECK;
int parent_join_namespaces(struct boot *b, struct err *e) MUST_CHECK;
int parent_make_sysfs(struct boot *b, struct err *e) MUST_CHECK;
int parent_clone(struct boot *b, struct err *e) MUST_CHECK;
int parent_return_home(struct boot *b, struct err *e) MUST_CHECK;
int parent_map_ids(struct boot *b, struct err *e) MUST_CHECK;
int parent_oom_score(struct boot *b, struct err *e) MUST_CHECK;
int parent_systemd_scope(struct boot *b, struct err *e) MUST_CHECK;
int parent_record_init(struct boot *b, struct err *e) MUST_CHECK;
int parent_net_devices(struct boot *b, struct err *e) MUST_CHECK;
/* Of what was made, in a failed creation, while the container's namespace is there. */
void parent_return_net_devices(struct boot *b);
int parent_go(struct boot *b, struct err *e) MUST_CHECK;
int parent_delegated_cgroup(struct boot *b, struct err *e) MUST_CHECK;
int parent_send_sources(struct boot *b, struct err *e) MUST_CHECK;
int parent_runtime_hooks(struct boot *b, struct err *e) MUST_CHECK;
/* Its own process runs them; the lock is let go meanwhile. */
int parent_container_hooks(struct boot *b, struct err *e) MUST_CHECK;
/* prestart and createRuntime. */
int parent_run_hooks(struct boot *b, struct err *e) MUST_CHECK;
int parent_console(struct boot *b, struct err *e) MUST_CHECK;
int parent_kernel_mounts(struct boot *b, struct err *e) MUST_CHECK;
int parent_seccomp_listener(struct boot *b, struct err *e) MUST_CHECK;
/* The descriptor comes; and it is looked at. */
int parent_shown(struct boot *b, struct err *e) MUST_CHECK;
int parent_look(struct boot *b, struct err *e) MUST_CHECK;
int parent_ready(struct boot *b, struct err *e) MUST_CHECK;
/* The child's next message, which must be of one type. An error of the child becomes ours. */
int parent_expect(struct boot *b, uint32_t type, int *ret_fd, struct err *e) MUST_CHECK;
/* The same for one of two types; what it says is in *ret. */
int parent_expect_either(struct boot *b, uint32_t type, uint32_t other, struct message *ret,
			 int *ret_fd, struct err *e) MUST_CHECK;
/* One descriptor with a text, over a stream socket at which somebody listens. `what` names the socket and
 * what is sent in errors. */
int parent_send_descriptor(const char *path, int fd, const char *text, const char *what,
			   struct err *e) MUST_CHECK;
/* The other side of a clone keeps what is its own. */
void become_child(struct boot *b);
/* The number of a process in our own PID namespace. */
int pid_of(int pidfd, pid_t *ret, struct err *e) MUST_CHECK;
/* A step may have failed because the child is gone: then what the child said last, or how it ended, is the
 * error. */
void parent_learn_cause(struct boot *b, struct err *e);
/* -1 and *e where the kernel has ended somebody in the cgroup for want of memory; 0: it has not. */
int parent_fail_oom_killed(const struct boot *b, struct err *e) MUST_CHECK;
/* --- parent_scheduling.c --- */
int parent_scheduler(struct boot *b, struct err *e) MUST_CHECK;
int parent_io_priority(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_affinity(struct boot *b, struct err *e) MUST_CHECK;

int parent_pidfd(struct boot *b, struct err *e) MUST_CHECK;
int parent_rlimits(struct boot *b, struct err *e) MUST_CHECK;
int fail_rlimit(const struct plan_rlimit *limit, int reason, struct err *e) MUST_CHECK;
int parent_pid_file(struct boot *b, struct err *e) MUST_CHECK;
int parent_record_created(struct boot *b, struct err *e) MUST_CHECK;
/* Take back what the page has made so far, as well as it goes. */
/* False where something is left: then the records must stay, so that `delete --force` finds it. */
bool parent_undo(struct boot *b);

/* --- parent_ids.c --- */
int write_id_maps(const struct boot *b, pid_t pid, const char *uid_map, const char *gid_map,
		  struct err *e) MUST_CHECK;

/* --- parent_idmap.c --- */
struct idmaps {
	size_t n;
	int *fds; /* one per plan->mounts: a user namespace, -1 where its ids stay as they are */
};
void idmaps_close(struct idmaps *idmaps);
#define auto_idmaps __attribute__((cleanup(idmaps_close))) struct idmaps
/* Where a mount takes the ids of the container's user namespace, those must be mapped already. */
int open_idmaps(struct boot *b, struct idmaps *ret, struct err *e) MUST_CHECK;
/* Of a detached mount; does nothing where the plan gives none. */
int apply_idmap(const struct boot *b, int fd, const struct plan_mount *mount, int user_namespace,
		struct err *e) MUST_CHECK;

/* The place of a mount below the root filesystem, made where it is missing. `source`: of a bind mount.
 * *ret_made: it is a directory that was not there. */
int open_mount_target(struct boot *b, const struct plan_mount *mount, int source, bool *ret_made,
		      struct err *e) MUST_CHECK;
/* It has failed with *e for want of a place, and the container can do without it. */
bool mount_is_left_out(const struct plan_mount *mount, const struct err *e);
/* A detached mount of a new file system instance with the plan's options and attributes. */
int make_filesystem(const struct plan_mount *mount, struct err *e) MUST_CHECK;
/* The same for type overlay, with directories of any length and number. */
int make_overlay(struct boot *b, const struct plan_mount *mount, struct err *e) MUST_CHECK;
/* Attributes and propagation of a detached or attached mount. */
int apply_mount_attributes(int fd, const struct plan_mount *mount, struct err *e) MUST_CHECK;
int apply_propagation(const struct boot *b, int fd, const struct plan_mount *mount, struct err *e)
	MUST_CHECK;
int separate_from_host(struct boot *b, int fd, const struct plan_mount *mount, struct err *e)
	MUST_CHECK;
/* After the root's: that of the mounts which say something of it themselves, where the root's is about them, too. */
int child_mounts_propagation(struct boot *b, struct err *e) MUST_CHECK;
bool propagation_is_set_again(const struct boot *b, const struct plan_mount *mount);

/* --- child_*.c: steps of the container's first process --- */
/* Again after each change of user. */
int child_die_with_parent(struct boot *b, struct err *e) MUST_CHECK;
int child_session(struct boot *b, struct err *e) MUST_CHECK;
int child_wait_go(struct boot *b, struct err *e) MUST_CHECK;
int child_cgroup_join(struct boot *b, struct err *e) MUST_CHECK;
int child_become_root(struct boot *b, struct err *e) MUST_CHECK;
int child_sources(struct boot *b, struct err *e) MUST_CHECK;
int child_cgroup_namespace(struct boot *b, struct err *e) MUST_CHECK;
int child_join_mount_namespace(struct boot *b, struct err *e) MUST_CHECK;
int child_delegated_cgroup(struct boot *b, struct err *e) MUST_CHECK;
int child_check_network(struct boot *b, struct err *e) MUST_CHECK;
int child_attach_root(struct boot *b, struct err *e) MUST_CHECK;
int child_mounts(struct boot *b, struct err *e) MUST_CHECK;
int child_devices(struct boot *b, struct err *e) MUST_CHECK;
int child_readonly_mounts(struct boot *b, struct err *e) MUST_CHECK;
int child_sysctls(struct boot *b, struct err *e) MUST_CHECK;
int child_runtime_hooks(struct boot *b, struct err *e) MUST_CHECK;
int child_create_container_hooks(struct boot *b, struct err *e) MUST_CHECK;
int child_masked_paths(struct boot *b, struct err *e) MUST_CHECK;
int child_readonly_paths(struct boot *b, struct err *e) MUST_CHECK;
/* Before /dev becomes read-only; the terminal is mounted on it later. */
int child_console_file(struct boot *b, struct err *e) MUST_CHECK;
int child_console(struct boot *b, struct err *e) MUST_CHECK;
int child_pivot_root(struct boot *b, struct err *e) MUST_CHECK;
/* Without a mount namespace: nothing is moved, or it would be on the host. */
int child_change_root(int root, struct err *e) MUST_CHECK;
int child_readonly_root(struct boot *b, struct err *e) MUST_CHECK;
int child_kernel_mounts(struct boot *b, struct err *e) MUST_CHECK;
int child_hostname(struct boot *b, struct err *e) MUST_CHECK;
int child_keyring(struct boot *b, struct err *e) MUST_CHECK;
int child_descriptors(struct boot *b, struct err *e) MUST_CHECK;
int child_environment(struct boot *b, struct err *e) MUST_CHECK;
int child_working_directory(struct boot *b, struct err *e) MUST_CHECK;
int child_take_identity(struct boot *b, struct err *e) MUST_CHECK;
/* What child_identity() has left on top. */
int child_drop_admin(struct boot *b, struct err *e) MUST_CHECK;
int child_executable(struct boot *b, struct err *e) MUST_CHECK;
int child_outlive_runtime(struct boot *b, struct err *e) MUST_CHECK;
int child_ready(struct boot *b, struct err *e) MUST_CHECK;

/* --- child_seccomp.c: the places where filters are loaded; at most one of them does it --- */
int child_seccomp_create(struct boot *b, struct err *e) MUST_CHECK;
int child_seccomp_start(struct boot *b, struct err *e) MUST_CHECK;
int child_seccomp_joiner(struct boot *b, struct err *e) MUST_CHECK;
int child_seccomp_listener(struct boot *b, struct err *e) MUST_CHECK;
/* Where it takes CAP_SYS_ADMIN: before the other side looks. */
int child_seccomp_early(struct boot *b, struct err *e) MUST_CHECK;
int child_seccomp_execute(struct boot *b, struct err *e) MUST_CHECK;
/* For struct hook_place; the context is a struct boot. */
int child_seccomp_hook(void *context, struct err *e) MUST_CHECK;
bool child_needs_admin(const struct boot *b);
int child_open_status(struct boot *b, struct err *e) MUST_CHECK;
/* The other side gets what it looks at; before a filter that needs not let it through. Once. */
int child_show(struct boot *b, struct err *e) MUST_CHECK;
/* Wait until it has looked and found what it expects. */
int child_look(struct boot *b, struct err *e) MUST_CHECK;
/* Say in an error that the filter may be the cause. */
void child_seccomp_explain(const struct boot *b, struct err *e);

/* --- child_attributes.c: what survives execve() --- */
int child_affinity(struct boot *b, struct err *e) MUST_CHECK;
/* Those that exec's process asks for; 0: of the caller. */
int process_affinity(const struct boot *b, pid_t pid, struct err *e) MUST_CHECK;
int child_memory_policy(struct boot *b, struct err *e) MUST_CHECK;
int child_personality(struct boot *b, struct err *e) MUST_CHECK;
int parent_hook_place(struct boot *b, struct err *e) MUST_CHECK;
int parent_open_labels(struct boot *b, struct err *e) MUST_CHECK;
int child_label(struct boot *b, struct err *e) MUST_CHECK;

/* --- child_start.c: after `start` --- */
int child_wait_start(struct boot *b, struct err *e) MUST_CHECK;
int child_late_join(struct boot *b, struct err *e) MUST_CHECK;
int child_start_container_hooks(struct boot *b, struct err *e) MUST_CHECK;
int child_last_descriptors(struct boot *b, struct err *e) MUST_CHECK;
int child_execute(struct boot *b, struct err *e) MUST_CHECK;

int child_announce(struct boot *b, struct err *e) MUST_CHECK;
int child_execve(struct boot *b, struct err *e) MUST_CHECK;

/* --- parent_exec.c, child_exec.c: the EXEC page --- */
/* A step may have failed because the container has ended: then that is the error. When the new process is gone. */
void parent_exec_learn_end(const struct boot *b, struct err *e);
int parent_exec_find_init(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_namespaces(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_cgroup(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_sockets(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_clone(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_unlock(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_joiner_listener(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_process_listener(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_process(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_caller(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_running(struct boot *b, struct err *e) MUST_CHECK;
int parent_exec_pidfd(struct boot *b, struct err *e) MUST_CHECK;
int child_exec_open_proc(struct boot *b, struct err *e) MUST_CHECK;
int child_exec_network(struct boot *b, struct err *e) MUST_CHECK;
int child_exec_namespaces(struct boot *b, struct err *e) MUST_CHECK;
int child_exec_console(struct boot *b, struct err *e) MUST_CHECK;
int child_exec_forget(struct boot *b, struct err *e) MUST_CHECK;
int child_exec_clone(struct boot *b, struct err *e) MUST_CHECK;
int child_exec_session(struct boot *b, struct err *e) MUST_CHECK;
int child_exec_ready(struct boot *b, struct err *e) MUST_CHECK;
int child_exec_announce(struct boot *b, struct err *e) MUST_CHECK;

/* A pty of the devpts below b->root_mount, slave unlocked, sized and given to the user. */
int child_open_terminal(struct boot *b, int *ret_master, int *ret_slave, struct err *e) MUST_CHECK;
/* The slave on the standard streams. */
int child_terminal_streams(int slave, struct err *e) MUST_CHECK;
int child_hand_over_terminal(struct boot *b, int master, struct err *e) MUST_CHECK;

/* One of the plan's mounts, by its place in the list. */
int child_mount(struct boot *b, size_t index, struct err *e) MUST_CHECK;

/* --- live_mounts.c: the MOUNTS page --- */
int parent_live_namespaces(struct boot *b, struct err *e) MUST_CHECK;
int parent_live_sources(struct boot *b, struct err *e) MUST_CHECK;
int parent_live_done(struct boot *b, struct err *e) MUST_CHECK;
int child_live_descriptors(struct boot *b, struct err *e) MUST_CHECK;
int child_live_take(struct boot *b, struct err *e) MUST_CHECK;
int child_live_give(struct boot *b, struct err *e) MUST_CHECK;
int child_live_take_away(struct boot *b, int fd, struct err *e) MUST_CHECK;
/* A detached mount of what the container itself has of the kernel's, with all that is masked in it. */
int child_live_part(struct boot *b, const struct plan_mount *mount, struct err *e) MUST_CHECK;
/* The policy would give it a part of what it does not have itself: what is empty there stays empty. */
bool child_live_goes_without(struct boot *b, const struct plan_mount *mount);
/* Where a target really is, in a container that is there. */
int child_live_target(struct boot *b, int target, struct err *e) MUST_CHECK;
/* --- live_kernel_mounts.c --- */
/* Of the kernel's only what was judged has come with what was mounted. */
int child_live_check_given(struct boot *b, struct err *e) MUST_CHECK;
/* What is to be taken away from `path` is not what guards a procfs or sysfs, wherever that is mounted. */
int child_live_check_guard(struct boot *b, int fd, const char *path, struct err *e) MUST_CHECK;

/* --- mounts_copy.c --- */
/* Whether something below a source must be taken away, and can be. */
bool mounts_need_copy(const struct boot *b);
bool takes_away_below(const struct plan_belows *below);
/* A process whose mount namespace is such a copy for the user namespace of `container`, a pidfd, or with `whole` one
 * from which nothing was taken; it ends when it is dropped. */
int copy_mounts(const struct boot *b, int container, bool whole, struct child *ret_keeper,
		struct err *e) MUST_CHECK;
/* The process that waits at `mine` sees the child's end, for no other one has the other descriptor. Returns as
 * clone() does. */
int clone_with_channel(struct child *ret, int *mine, int *theirs, struct err *e) MUST_CHECK;
int receive_from_helper(const struct boot *b, const struct child *helper, int channel,
			uint32_t type, int *ret_fd, struct err *e) MUST_CHECK;

/* --- child_kernel_mounts.c --- */
/* It is known: one that the plan has, attached. Where it is read-only by now, and no remount and no hook may change
 * that, `stays_readonly`. */
int kernel_mount_known(struct boot *b, int fd, bool stays_readonly, struct err *e) MUST_CHECK;
/* Also in the runtime. */
void kernel_mount_list(struct boot *b, struct u32list *list, uint32_t id);
/* Whether the root of a mount is there that is none of these. */
bool kernel_mount_is_foreign(const struct boot *b, int fd);
/* What the plan says of those below an attached mount. `shared`: what is unmounted here would be gone on the
 * host, too. */
int kernel_mounts_below(struct boot *b, int top, const struct plan_belows *below, bool shared,
			struct err *e) MUST_CHECK;
/* A detached mount of the part of the container's own file system that the plan names. `whole`: a detached new one,
 * or -1; it is taken. */
int kernel_mount_part(struct boot *b, size_t index, int *whole, struct err *e) MUST_CHECK;
/* Before it is attached: what was not judged is not one of the kernel's under another name. */
int kernel_mount_expected(const struct boot *b, const struct plan_mount *mount, int fd,
			  struct err *e) MUST_CHECK;
int kernel_mount_open_part(int whole, const char *part);
/* --- parent_kernel_mounts.c --- */
/* One of the kernel's in a table of mounts is among these, or is a read-only part of one. */
int kernel_mount_check(const struct mountinfo *info, const struct u32list *known,
		       const struct mountinfo_entry *mount, struct err *e) MUST_CHECK;
/* Of a container whose processes criu has made. */
int restore_check_mounts(struct boot *b, struct err *e) MUST_CHECK;
/* What is masked or read-only at the usual place, of an attached procfs or sysfs beside it. child_paths.c */
int child_guard(struct boot *b, int fd, const struct plan_mount *mount, struct err *e) MUST_CHECK;
/* Whether what is unmounted below it here would be unmounted on the host. */
bool shares_with_host(const struct boot *b, const struct plan_mount *mount);

/* cgroup view inside the container (plan kind PLAN_MOUNT_CGROUP) onto an open target. */
int child_mount_cgroup(struct boot *b, const struct plan_mount *mount, int target, struct err *e)
	MUST_CHECK;
/* A detached mount of the group that the caller's child is made for, of one hierarchy. */
int clone_cgroup_view(struct boot *b, const struct plan_mount *mount,
		      const struct cgroup_hierarchy_facts *hierarchy, struct err *e) MUST_CHECK;
/* The view shows one hierarchy alone, at its destination itself; else each has a directory in it. */
bool cgroup_view_is_one(const struct plan_mount *mount);
/* The name of a hierarchy in the view; NULL: it is not in it. */
const char *cgroup_view_name(const struct plan_mount *mount,
			     const struct cgroup_hierarchy_facts *hierarchy);
/* What holds for the hierarchies in a view of version 1. */
struct plan_mount cgroup_view_inner(const struct plan_mount *mount);
/* Copy the tree below `from` into `to` (tmpcopyup). */
int child_copy_tree(int from, int to, struct err *e) MUST_CHECK;
/* Enter the working directory as the user of the container. */
int child_enter_directory(struct boot *b, struct err *e) MUST_CHECK;

#endif
