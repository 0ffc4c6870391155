/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ids of a new user namespace (user_namespaces(7), "Defining user and group ID mappings"). With
 * CAP_SETUID and CAP_SETGID over its parent any mapping can be written; without, a single one of the
 * caller's own id, and for all others there are newuidmap(1) and newgidmap(1), which ask /etc/subuid and
 * /etc/subgid. Runs in the runtime.
 */
#include "boot/common/ids.h"

#include "base/str.h"
#include "os/io.h"
#include "sys/child.h"
#include "sys/helper.h"
#include "sys/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SAID_MAX 4096
#define PATH_SIZE 64

struct id_kind {
	const char *file, *program, *field;
	int capability;
	uint32_t own;
};

static bool may(const struct facts *facts, int capability)
{
	return facts->effective & (UINT64_C(1) << capability);
}

/* "0 1000 1\n", whatever the number inside. */
static bool is_own_id_alone(const char *map, uint32_t own)
{
	const char *at = strchr(map, ' ');
	char expected[24];

	snprintf(expected, sizeof(expected), " %u 1\n", own);
	return at && str_eq(at, expected);
}

/* Setuid or with file capabilities, so nowhere but where the administrator has put it: $PATH is not asked. */
static int open_program(const char *name, char path[PATH_SIZE])
{
	static const char *const directories[] = { "/usr/bin",  "/bin",  "/usr/local/bin",
						   "/usr/sbin", "/sbin", "/run/wrappers/bin" };
	int fd = -1;

	for (size_t i = 0; i < ARRAY_SIZE(directories) && fd < 0; i++) {
		snprintf(path, PATH_SIZE, "%s/%s", directories[i], name);
		fd = open(path, O_PATH | O_CLOEXEC);
	}
	return fd;
}

struct map_program {
	int file;
	char **arguments;
};

static void execute_program(void *context, int output)
{
	static char language[] = "LC_ALL=C";
	char *environment[] = { language, NULL };
	const struct map_program *program = context;
	autoclose int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	/* The program's own is needed until it is executed. */
	const struct spawn spawn = {
		.directory = -1,
		.input = nothing,
		.output = output,
		.errors = output,
		.close_flags = CLOSE_RANGE_CLOEXEC,
	};
	struct err ignored;

	if (spawn_prepare(&spawn, &ignored) < 0)
		return;
	syscall(SYS_execveat, program->file, "", program->arguments, environment, AT_EMPTY_PATH);
	dprintf(2, "errno %d\n", errno);
	_exit(127);
}

static int run_program(const struct id_kind *kind, const char *path, int file, char **arguments,
		       struct err *e)
{
	struct map_program program = { .file = file, .arguments = arguments };
	autofree char *said = NULL;
	int status;

	if (helper_program(kind->program, 0, execute_program, &program, SAID_MAX, &said, &status,
			   e) < 0)
		return -1;
	said[strcspn(said, "\n")] = '\0';
	if (status != 0)
		return fail(e, ERR_CONFIG, "%s: %s failed with exit status %d%s%s", kind->field,
			    path, status, *said ? ": " : "", said);
	return 0;
}

/* PROGRAM PID INSIDE OUTSIDE COUNT ... */
static int write_by_program(struct arena *arena, pid_t pid, const struct id_kind *kind,
			    const char *map, struct err *e)
{
	char path[PATH_SIZE];
	autoclose int program = open_program(kind->program, path);
	char *words = arena_strdup(arena, map);
	char **arguments = arena_new_array(arena, char *, strlen(map) + 3);
	size_t n = 0;

	if (program < 0)
		return fail(
			e, ERR_CONFIG,
			"%s: more than the caller's own id is mapped, which takes CAP_SETUID and CAP_SETGID or the program '%s': it is not installed",
			kind->field, kind->program);
	arguments[n++] = arena_strdup(arena, kind->program);
	arguments[n++] = arena_printf(arena, "%d", (int)pid);
	for (char *word; (word = strsep(&words, " \n"));)
		if (*word)
			arguments[n++] = word;
	return run_program(kind, path, program, arguments, e);
}

/* user_namespaces(7): without CAP_SETGID a gid map may only be written once setgroups() is given up. */
static int deny_groups(int proc, struct err *e)
{
	return write_file_at(proc, "setgroups", "deny", e);
}

static int write_map(const struct facts *facts, struct arena *arena, int proc, pid_t pid,
		     const struct id_kind *kind, const char *map, struct err *e)
{
	if (!may(facts, kind->capability)) {
		if (!is_own_id_alone(map, kind->own))
			return write_by_program(arena, pid, kind, map, e);
		if (kind->capability == CAP_SETGID && deny_groups(proc, e) < 0)
			return -1;
	}
	if (write_file_at(proc, kind->file, map, e) < 0)
		return err_prefix(e, "write the id mappings");
	return 0;
}

int write_id_maps(const struct facts *facts, struct arena *arena, pid_t pid, const char *uid_map,
		  const char *gid_map, struct err *e)
{
	const struct id_kind uids = { "uid_map", "newuidmap", "linux.uidMappings", CAP_SETUID,
				      geteuid() };
	const struct id_kind gids = { "gid_map", "newgidmap", "linux.gidMappings", CAP_SETGID,
				      getegid() };
	char directory[32];
	autoclose int proc = -1;

	snprintf(directory, sizeof(directory), "/proc/%d", pid);
	proc = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc < 0)
		return fail_sys(e, "open '%s'", directory);
	if (write_map(facts, arena, proc, pid, &uids, uid_map, e) < 0)
		return -1;
	return write_map(facts, arena, proc, pid, &gids, gid_map, e);
}
