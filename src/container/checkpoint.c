/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint: criu writes a container's processes to images. What was never the container's own is named
 * and left out: mounts of the host, the network and other namespaces that it has joined, files behind its
 * standard streams. Runs in the runtime.
 */
#include "base/json_out.h"
#include "cgroup/cgroup.h"
#include "container/criu_mounts.h"
#include "container/criu_options.h"
#include "container/recorded.h"
#include "container/running.h"
#include "criu/images.h"
#include "os/io.h"
#include "os/log.h"
#include "sys/deadline.h"
#include "sys/nsfd.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* proc_pid_fdinfo(5): a few short lines. */
#define FDINFO_MAX (64u << 10)

struct checkpoint {
	const struct container_checkpoint_options *options;
	struct running *running;
	const struct spec *spec;
	int proc; /* /proc/PID of its first process */
	struct mountinfo mounts;
	struct criu_request request;
	const char *streams[3];
	bool has_stream_files;
};

static const char *namespace_path(const struct spec *spec, enum spec_ns_type type)
{
	const struct spec_namespace *found = spec_namespace_find(spec, type);

	return found ? found->path : NULL;
}

static int refuse_what_criu_cannot(const struct checkpoint *c, struct err *e)
{
	const char *id = c->running->status->id;

	if (c->running->status->phase != PHASE_STARTED)
		return fail(e, ERR_STATE,
			    "cannot checkpoint container %s: it was created but not started", id);
	if (c->running->status->ids.size)
		return fail(
			e, ERR_STATE,
			"cannot checkpoint container %s: its ids are given out by the policy (namespaces.user \"auto\"), and criu would take them along in the images",
			id);
	if (!spec_namespace_find(c->spec, SPEC_NS_MOUNT))
		return fail(e, ERR_STATE,
			    "cannot checkpoint container %s: it has no mount namespace of its own",
			    id);
	if (namespace_path(c->spec, SPEC_NS_MOUNT) || namespace_path(c->spec, SPEC_NS_USER) ||
	    namespace_path(c->spec, SPEC_NS_CGROUP))
		return fail(
			e, ERR_STATE,
			"cannot checkpoint container %s: criu could not restore it into the mount, user or cgroup namespace that it has joined",
			id);
	return 0;
}

static void add_external(struct checkpoint *c, char *text)
{
	struct strlist *external = &c->request.external;

	external->v[external->n++] = text;
}

/* One that it shares with the runtime is not criu's business in any case. */
static int add_namespace(struct checkpoint *c, const char *name, const char *key, struct err *e)
{
	struct arena *arena = &c->running->arena;
	struct stat st;

	autoclose int own = nsfd_own(name, e);
	autoclose int fd = own < 0 ? -1 : nsfd_at(c->proc, name);
	if (own < 0)
		return -1;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail_sys(e, "open the container's %s namespace", name);
	if (!nsfd_same(own, fd))
		add_external(c, arena_printf(arena, "%s[%llu]:%s", name,
					     (unsigned long long)st.st_ino, key));
	return 0;
}

static int add_namespaces(struct checkpoint *c, struct err *e)
{
	int network = c->running->status->network;

	if ((network == NETWORK_EARLY || network == NETWORK_LATE || network == NETWORK_PATH) &&
	    add_namespace(c, "net", CRIU_NETWORK_KEY, e) < 0)
		return -1;
	if (namespace_path(c->spec, SPEC_NS_PID) && add_namespace(c, "pid", CRIU_PID_KEY, e) < 0)
		return -1;
	return 0;
}

static int mount_of_descriptor(const struct checkpoint *c, int fd, uint32_t *ret, struct err *e)
{
	autofree char *text = NULL;
	char path[32];
	char *line;

	snprintf(path, sizeof(path), "fdinfo/%d", fd);
	if (read_file_at(c->proc, path, FDINFO_MAX, &text, NULL, e) < 0)
		return -1;
	line = strstr(text, "mnt_id:");
	if (line) {
		line += strlen("mnt_id:");
		line += strspn(line, " \t");
		line[strcspn(line, "\n")] = '\0';
	}
	if (!line || !parse_u32(line, ret))
		return fail(e, ERR_SYSTEM, "/proc/PID/fdinfo does not name the mount");
	return 0;
}

static bool is_own_mount(const struct checkpoint *c, uint32_t id)
{
	for (size_t i = 0; i < c->mounts.n; i++)
		if (c->mounts.v[i].id == id)
			return true;
	return false;
}

/* devices.txt: consoles and the slaves of pseudo-terminals, which --shell-job is for. */
static bool is_terminal(const struct stat *st)
{
	unsigned number = major(st->st_rdev);

	return S_ISCHR(st->st_mode) &&
	       (number == 4 || number == 5 || (number >= 136 && number <= 143));
}

/* JSON takes nothing else, and such a name is of a file that criu opens by itself. */
static void make_utf8(char *text)
{
	size_t length = strlen(text), size;

	for (size_t i = 0; i < length; i += size ? size : 1) {
		size = utf8_sequence(text + i, length - i);
		if (size == 0)
			text[i] = '?';
	}
}

/* What a standard stream is, so that another can take its place: the link's text, or of a file that none of
 * the container's mounts shows, criu's name for it. */
static int add_stream(struct checkpoint *c, int fd, struct err *e)
{
	struct arena *arena = &c->running->arena;
	char path[32], target[PATH_MAX];
	struct stat st;
	uint32_t mount;
	ssize_t n;

	snprintf(path, sizeof(path), "fd/%d", fd);
	n = readlinkat(c->proc, path, target, sizeof(target) - 1);
	/* The program may have closed it. */
	if (n < 0 || fstatat(c->proc, path, &st, 0) < 0) {
		c->streams[fd] = "/dev/null";
		return 0;
	}
	target[n] = '\0';
	make_utf8(target);
	c->streams[fd] = arena_strdup(arena, target);
	if (target[0] != '/' || is_terminal(&st))
		return 0;
	if (mount_of_descriptor(c, fd, &mount, e) < 0)
		return -1;
	if (is_own_mount(c, mount))
		return 0;
	char *name =
		arena_printf(arena, CRIU_FILE_KEY "%x:%llx]", mount, (unsigned long long)st.st_ino);
	c->streams[fd] = name;
	c->has_stream_files = true;
	add_external(c, name);
	return 0;
}

static int write_streams(const struct checkpoint *c, struct err *e)
{
	auto_json_out out = json_out_new(false);
	const char *text;
	size_t length;

	json_out_array(out);
	for (int fd = 0; fd < 3; fd++)
		json_out_string(out, c->streams[fd]);
	json_out_array_end(out);
	if (json_out_finish(out, &text, &length, e) < 0)
		return -1;
	return replace_file_at(c->request.images, CRIU_DESCRIPTORS_FILE, 0600, text, length, e);
}

/* Room for two namespaces and three streams. */
#define EXTERNAL_MAX 8

static int describe(struct checkpoint *c, struct err *e)
{
	struct arena *arena = &c->running->arena;

	c->request.external.v = arena_new_array(arena, char *, EXTERNAL_MAX);
	if (criu_mounts_read(c->proc, arena, &c->mounts, e) < 0 || add_namespaces(c, e) < 0)
		return -1;
	if (criu_mounts_external(c->proc, c->spec, &c->mounts, arena, &c->request.mounts, e) < 0)
		return -1;
	for (int fd = 0; fd < 3; fd++)
		if (add_stream(c, fd, e) < 0)
			return -1;
	return write_streams(c, e);
}

static int check_memory_tracking(const char *program, struct err *e)
{
	struct criu_request request = { .type = CRIU_FEATURE_CHECK, .config_fd = -1 };
	struct criu_answer answer;

	if (criu_ask(program, &request, &answer, e) < 0)
		return -1;
	if (!answer.success || !answer.mem_track)
		return fail(e, ERR_SYSTEM, "--pre-dump: the kernel cannot track changes of memory");
	return 0;
}

/* criu thaws what it froze; if it was killed nothing did. */
static void thaw_again(const struct checkpoint *c, bool was_frozen)
{
	const struct cgroup_record *cgroup = c->running->cgroup;
	struct err e;

	if (cgroup && !was_frozen && cgroup_is_frozen(cgroup) &&
	    cgroup_resume(cgroup, deadline_ms(), &e) < 0)
		log_warning("after a failed checkpoint: %s", e.text);
}

static int make_yard(struct checkpoint *c, struct err *e)
{
	const struct state_dir *dir = &c->running->dir;
	struct arena *arena = &c->running->arena;
	struct cgroup_facts *facts;
	autofree char *root = NULL;

	if (facts_cgroup(arena, &facts, e) < 0)
		return -1;
	if (!c->running->cgroup || facts->layout != CGROUP_V2)
		return 0;
	root = realpath(dir->root, NULL);
	if (!root)
		return fail_sys(e, "find the place of '%s'", dir->root);
	if (criu_yard_make(dir->fd, STATE_YARD, facts->hierarchies.v[0].mount_point, e) < 0)
		return -1;
	c->request.cgroup_yard = arena_printf(arena, "%s/%s/" STATE_YARD, root, dir->id);
	return 0;
}

static int dump(struct checkpoint *c, const char *program, const char *log_directory, struct err *e)
{
	const struct cgroup_record *cgroup = c->running->cgroup;
	bool was_frozen = cgroup && cgroup_is_frozen(cgroup);
	const struct criu_request *r = &c->request;
	struct criu_answer answer;
	int rc = make_yard(c, e);

	criu_forget_log(r->work >= 0 ? r->work : r->images, r->log_file);
	if (rc == 0)
		rc = criu_ask(program, r, &answer, e);
	criu_yard_remove(c->running->dir.fd, STATE_YARD);
	if (rc == 0 && !answer.success)
		rc = criu_fail(r->work >= 0 ? r->work : r->images, log_directory, r->log_file,
			       &answer, "criu dump", e);
	if (rc < 0)
		thaw_again(c, was_frozen);
	else if (r->type == CRIU_DUMP && c->has_stream_files)
		rc = criu_images_free_streams(r->images, e);
	return rc;
}

/* What is in its cgroup without being a child of its first process is not in the images, and criu leaves a
 * frozen group frozen. */
static int end_container(const struct checkpoint *c, struct err *e)
{
	if (c->running->cgroup && cgroup_kill(c->running->cgroup, deadline_ms(), e) < 0)
		return -1;
	if (!pidfd_ended(c->running->pidfd, deadline_ms()))
		return fail(e, ERR_SYSTEM, "container %s: process %lld does not end",
			    c->running->status->id, (long long)c->running->status->init.pid);
	return 0;
}

static int open_proc(struct checkpoint *c, struct err *e)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%lld", (long long)c->running->status->init.pid);
	c->proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* Our pidfd says that the number is still its own. */
	if (c->proc < 0 || pidfd_ended(c->running->pidfd, 0))
		return fail(e, ERR_STATE, "cannot checkpoint container %s: container not running",
			    c->running->status->id);
	return 0;
}

static int checkpoint_opened(struct checkpoint *c, const char *program, struct err *e)
{
	const struct container_checkpoint_options *options = c->options;
	auto_criu_directories directories = CRIU_DIRECTORIES_INIT;
	struct arena *arena = &c->running->arena;
	struct criu_request *r = &c->request;
	const struct criu_config_source config = {
		.annotations = &c->spec->annotations,
		.bundle = c->running->status->bundle,
		.policy = c->running->status->policy,
		.network = network_of_status(c->running->status),
	};

	if (refuse_what_criu_cannot(c, e) < 0 || open_proc(c, e) < 0 ||
	    (c->running->cgroup && cgroup_check_own(c->running->cgroup, "checkpoint", e) < 0))
		return -1;
	if (options->pre_dump && check_memory_tracking(program, e) < 0)
		return -1;
	if (criu_directories_open(options, true, arena, &directories, e) < 0 ||
	    criu_request_fill(options, &directories, arena, r, e) < 0 ||
	    criu_config_open(&config, arena, &directories, r, e) < 0 || describe(c, e) < 0)
		return -1;
	r->type = options->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP;
	r->log_file = CRIU_DUMP_LOG;
	r->pid = (pid_t)c->running->status->init.pid;
	if (c->running->cgroup)
		r->freeze_cgroup = cgroup_freezer_directory(c->running->cgroup);
	else
		r->cgroups_mode = CRIU_CGROUPS_IGNORE;
	if (dump(c, program, directories.work_path, e) < 0)
		return -1;
	return options->leave_running || options->pre_dump ? 0 : end_container(c, e);
}

int container_checkpoint(const struct global_options *global, const char *id,
			 const struct container_checkpoint_options *options, struct err *e)
{
	autorunning running = RUNNING_INIT;
	struct checkpoint c = { .options = options, .running = &running, .proc = -1 };
	struct spec *spec;
	const char *program;
	int rc;

	if (running_open(global, id, "checkpoint", true, &running, e) < 0 ||
	    state_read_config(&running.dir, &running.arena, &spec, e) < 0)
		return -1;
	if (!spec)
		return fail(e, ERR_STATE,
			    "cannot checkpoint container %s: its configuration is gone", id);
	c.spec = spec;
	if (criu_check_version(global->criu, &running.arena, &program, e) < 0)
		return -1;
	rc = checkpoint_opened(&c, program, e);
	close_keep_errno(c.proc);
	if (rc < 0 || options->leave_running || options->pre_dump)
		return rc;
	/* What is left of it is its images: the same id can be restored at once. */
	return container_delete_opened(global, &running.dir, running.status, true, e);
}
