/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lifecycle verbs (runtime.md "Operations") on top of the boot pages and the state records. cli/
 * parses the command line and calls one of these.
 */
#ifndef CONTAINER_CONTAINER_H
#define CONTAINER_CONTAINER_H

#include "boot/boot.h"
#include "container/environment.h"

struct global_options {
	const char *root;        /* --root, or the default */
	const char *policy_path; /* --policy, NULL: compiled in */
	const char *criu;        /* --criu, NULL: the one in $PATH */
	const char *network;     /* --network, NULL: not given */
	const char *program;     /* the file that was executed, as it was named; NULL: not known */
	bool rootless;
	bool from_outside; /* the caller is outside of the user namespace that the command has gone into */
	bool systemd_cgroup, cgroup_disabled;
};

/*
 * To where a user's own network is, if there is one and the caller is outside: 1, and the program is to be executed again;
 * 0: the caller stays. `id`: the container that it is about, if any; one that lives elsewhere is looked at from outside.
 */
int container_enter_users_network(const struct global_options *global, const char *id,
				  struct arena *arena, struct err *e) MUST_CHECK;
/* Ids of the host as they are inside. */
int container_ids_from_outside(struct spec *spec, struct arena *arena, struct err *e) MUST_CHECK;

struct container_create_options {
	const char *bundle;      /* as given; NULL: "." */
	const char *config_name; /* --config; NULL: config.json of the bundle */
	const char *pid_file, *console_socket, *pidfd_socket;
	unsigned preserve_fds;
	bool no_pivot, no_new_keyring;
	bool detach, keep; /* run only */
};

int container_create(const struct global_options *global, const char *id,
		     const struct container_create_options *options, struct err *e) MUST_CHECK;
int container_start(const struct global_options *global, const char *id, struct err *e) MUST_CHECK;
/* create + start; in the foreground also waits, forwards signals and the terminal, and deletes.
 * *ret_code: the program's exit code, 128 + signal. */
int container_run(const struct global_options *global, const char *id,
		  const struct container_create_options *options, int *ret_code, struct err *e)
	MUST_CHECK;
struct container_exec_options {
	const char *process; /* --process FILE; NULL: the container's own, with another command */
	struct strlist command, env, groups, caps, cgroups;
	const char *cwd, *user;
	const char *apparmor, *label; /* "": none, whatever the process says */
	const char *pid_file, *console_socket, *pidfd_socket;
	unsigned preserve_fds;
	bool terminal, no_new_privileges, detach, ignore_paused;
};

/* Another process in a container. In the foreground *ret_code is its exit code, 128 + signal; detached it
 * is 0. */
int container_exec(const struct global_options *global, const char *id,
		   const struct container_exec_options *options, int *ret_code, struct err *e)
	MUST_CHECK;
/* signal by name ("TERM", "sigterm") or number, 0: none, but whether it runs; NULL: the one that stops it. all: everything in its cgroup. */
int container_kill(const struct global_options *global, const char *id, const char *signal,
		   bool all, struct err *e) MUST_CHECK;
/* Let everything in it stand still, or go on. ERR_STATE if it is so already, or not running. */
int container_pause(const struct global_options *global, const char *id, struct err *e) MUST_CHECK;
int container_resume(const struct global_options *global, const char *id, struct err *e) MUST_CHECK;

/* The command line of `update`; NULL: not given. */
struct container_update_options {
	const char *resources; /* a file, "-" for standard input */
	const char *blkio_weight, *cpu_period, *cpu_quota, *cpu_burst, *cpu_share, *cpu_rt_period,
		*cpu_rt_runtime, *cpuset_cpus, *cpuset_mems, *cpu_idle;
	const char *memory, *memory_reservation, *memory_swap, *kernel_memory, *kernel_memory_tcp;
	const char *pids_limit, *l3_cache_schema, *mem_bw_schema;
};
int container_update(const struct global_options *global, const char *id,
		     const struct container_update_options *options, struct err *e) MUST_CHECK;
/* The options but --resources and the schemas, as that object. ERR_USAGE. */
int container_update_resources(const struct container_update_options *options, struct arena *arena,
			       struct spec_resources *ret, struct err *e) MUST_CHECK;
/* The schemas for resctrl. */
int container_update_rdt(const struct container_update_options *options, struct arena *arena,
			 struct spec_intel_rdt *ret, struct err *e) MUST_CHECK;

/* Called with one finished object; not 0 and *e ends it. */
typedef int container_emit(struct json_out *out, struct err *e);
/* Until the container ends, or once with stats_only. */
int container_events(const struct global_options *global, const char *id, bool stats_only,
		     int64_t interval_ms, container_emit *emit, struct err *e) MUST_CHECK;

/* Mounts of a file, an array as in the configuration ("-": standard input), into a running container, or
 * what is mounted at their destinations away. All, or none; its recorded configuration stays as it is. */
int container_mounts(const struct global_options *global, const char *id, bool add,
		     const char *file, struct err *e) MUST_CHECK;

/* Sorted, as the runtime's PID namespace counts; none where it has ended. */
int container_pids(const struct global_options *global, const char *id, struct arena *arena,
		   struct u32list *ret, struct err *e) MUST_CHECK;

/* Of checkpoint and restore, as criu has them; NULL: not given. */
struct container_checkpoint_options {
	const char *image_path, *work_path, *parent_path;
	const char *manage_cgroups_mode, *network_lock, *page_server;
	const char *lsm_profile, *lsm_mount_context;
	struct strlist empty_ns;
	bool leave_running, pre_dump, tcp_established, tcp_close, tcp_skip_in_flight, ext_unix_sk,
		shell_job, file_locks, link_remap, auto_dedup;
	bool lazy_pages;
	const char *status_fd;
};
/* Write its processes to images; they are ended unless leave_running or pre_dump. */
int container_checkpoint(const struct global_options *global, const char *id,
			 const struct container_checkpoint_options *options, struct err *e)
	MUST_CHECK;
/* A container of its bundle with the processes of the images. Under the policy as `create`; in the
 * foreground as `run`. */
int container_restore(const struct global_options *global, const char *id,
		      const struct container_create_options *create,
		      const struct container_checkpoint_options *options, int *ret_code,
		      struct err *e) MUST_CHECK;
/* Whether criu can be used here; else why not. */
int container_can_checkpoint(struct err *e) MUST_CHECK;

int container_delete(const struct global_options *global, const char *id, bool force, struct err *e)
	MUST_CHECK;

/* The same for every container of the root whose id matches an extended regular expression: all are tried,
 * the error is the first. What has stopped is not signalled. */
int container_kill_matching(const struct global_options *global, const char *pattern,
			    const char *signal, bool all, struct err *e) MUST_CHECK;
int container_delete_matching(const struct global_options *global, const char *pattern, bool force,
			      struct err *e) MUST_CHECK;

enum container_status {
	STATUS_CREATING = 1,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED
};
extern const struct name_row container_status_names[];

/* What `state` and `list` show. */
struct container_view {
	const char *root, *id, *oci_version, *bundle, *rootfs, *created; /* root: of its state */
	int status;                                                      /* enum container_status */
	int64_t pid;                                                     /* 0 if stopped */
	uint32_t owner;
	const struct status_record *record; /* NULL while only claimed */
};
int container_view(const struct global_options *global, const char *id, struct arena *arena,
		   struct container_view *ret, struct err *e) MUST_CHECK;
/* The same by an open state root (state_root_open()), for a list of them. */
int container_view_below(const struct global_options *global, int root_fd, const char *id,
			 struct arena *arena, struct container_view *ret, struct err *e) MUST_CHECK;
/* The same but for one whose first process is not there yet, of which only the name is taken: ERR_NOT_FOUND. */
int container_view_recorded(const struct global_options *global, const char *id,
			    struct arena *arena, struct container_view *ret, struct err *e)
	MUST_CHECK;
/* The one container, of this root or else of any engine's, whose id of 64 hexadecimal digits begins with
 * these; ERR_NOT_FOUND if there is none, ERR_USAGE if there are several. */
int container_find(const struct global_options *global, const char *text, struct arena *arena,
		   const char **ret_root, const char **ret_id, struct err *e) MUST_CHECK;
/* The state object of runtime.md "State", with what runc adds (rootfs, created, owner). */
int container_state_json(const struct container_view *view, struct json_out *out, struct err *e)
	MUST_CHECK;
/* Of the policy's network that it is in, or enters at start; "-": it has one of its own, or none is known. */
const char *container_network_name(const struct container_view *view);
/* Its own in that network; none: they are not known yet, or are those of the network. */
const struct strlist *container_addresses(const struct status_record *record);
/* The member "addresses" of an object; nothing where there are none. */
void addresses_out(const struct strlist *addresses, struct json_out *out);
/* "10.78.0.2,fd78::2"; NULL: there are none. */
const char *addresses_text(const struct strlist *addresses, struct arena *arena);
/* Of one that runs: whether the kernel holds its sockets to what its record has. True where that cannot be told. */
bool container_is_held(const struct container_view *view);
/* What leads to it at this moment from the network that its engine has prepared; NULL: nothing was to. */
char *container_forwarding_text(const struct container_view *view, struct arena *arena);
/* Of all running containers of a network, or of any (NULL): what leads to them is set up anew, with what their engines have
 * set up since. */
int container_forwarding_renew(const struct global_options *global, const char *network_path,
			       struct err *e) MUST_CHECK;
/* The owner as people read it: "root", or the number. Names of other users are not looked up, because
 * that would load what nsswitch.conf says into a runtime. */
struct owner_name {
	char text[16];
};
struct owner_name container_owner_name(uint32_t uid);

/* Everything from bytes to a plan without running anything: what `explain --bundle` shows. `inherited`:
 * what is passed on where the container is made, or NULL. */
struct container_preview {
	const char *config_name; /* as in messages: "config.json" */
	struct spec *spec;
	struct policy_source policy; /* its policy: of the selection */
	struct selection selection;
	struct facts *facts;
	struct verdict verdict;
	struct plan *plan;    /* NULL if the verdict refuses, or where unplanned says why */
	struct err unplanned; /* kind 0: nothing to say */
};
/* The configuration of a bundle; `name` is that of its file. */
int container_open_bundle(const char *path, const char *name, struct arena *arena,
			  const char **ret_absolute, struct spec **ret, struct err *e) MUST_CHECK;
/* Who asks for the configuration of a preview. */
struct container_asked {
	const char *id, *bundle; /* bundle: its real path */
	enum policy_path path;
	const char *receiver; /* of a seccomp listener, in the environment; NULL: none */
	struct opt_u32 owner; /* who has asked for it; absent: the caller */
	bool hold;            /* it is going to be made: ids of the host are kept for it */
};
/* Facts and verdict of preview->spec under preview->policy, which the caller has filled. */
int container_judge(const struct global_options *global, const struct container_asked *asked,
		    struct arena *arena, struct container_preview *preview, struct host *ret_host,
		    struct err *e) MUST_CHECK;
/* As errors name it. */
const char *config_name(const struct container_create_options *options);
int container_preview(const struct global_options *global, const char *id, enum policy_path path,
		      const struct container_create_options *options,
		      const struct inherited *inherited, struct arena *arena,
		      struct container_preview *ret, struct host *ret_host, struct err *e)
	MUST_CHECK;

#endif
