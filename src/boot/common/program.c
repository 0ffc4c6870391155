/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is executed at last: environment, working directory and executable. Runs in the container's process.
 */
#include "boot/common/program.h"

#include "base/auto.h"
#include "base/str.h"
#include "os/io.h"
#include "sys/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* HOME for a user id from the image's /etc/passwd, read by hand: the C library's lookup may load
 * modules of the image (CVE-2019-14271), and the file may be anything. At most 1 MiB of it counts. */
static char *home_of(uint32_t uid, struct arena *arena)
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
			return arena_strdup(arena, field[5]);
	}
	return NULL;
}

int program_environment(struct program *p, const struct plan *plan, struct arena *arena,
			struct err *e)
{
	const struct plan_process *process = &plan->process;
	const char *home;
	size_t n = 0, out = 0;

	(void)e;
	while (process->env && process->env[n])
		n++;
	p->env = arena_new_array(arena, char *, n + 2);
	for (size_t i = 0; i < n; i++)
		/* An empty HOME counts as none. */
		if (process->home_set || !str_has_prefix(process->env[i], "HOME="))
			p->env[out++] = process->env[i];
	if (!process->home_set) {
		home = home_of(process->uid, arena);
		p->env[out] = arena_printf(arena, "HOME=%s", home ? home : "/");
	}
	return 0;
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
int program_enter_directory(const struct program *p, const struct plan *plan, struct err *e)
{
	const char *cwd = plan->process.cwd;
	autoclose int fd = sys_openat2(AT_FDCWD, cwd, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
				       RESOLVE_NO_MAGICLINKS);

	if (fd < 0 || fchdir(fd) < 0) {
		if (p->in_directory && errno == EACCES)
			return 0;
		return fail_sys(e, "process.cwd: chdir to '%s'", cwd);
	}
	return check_inside(cwd, e);
}

int program_find_directory(struct program *p, const struct plan *plan, bool make, struct err *e)
{
	const char *cwd = plan->process.cwd;
	autoclose int root = -1, fd = -1;

	if (!cwd)
		return 0;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail_sys(e, "open '/'");
	/* What creation has made is the container's own by now: a name that is not there is a wrong one. */
	fd = make ? beneath_make_directory(root, cwd, 0755, e)
		  : beneath_open(root, cwd, O_DIRECTORY, e);
	if (fd < 0)
		return err_prefix(e, "process.cwd");
	p->in_directory = fchdir(fd) == 0;
	if (!p->in_directory && errno != EACCES)
		return fail_sys(e, "process.cwd: chdir to '%s'", cwd);
	return p->in_directory ? check_inside(cwd, e) : 0;
}

/* 0: can be executed; else errno. Directories and files without an execute bit are no programs. */
static int try_executable(const char *path)
{
	/* Where a seccomp profile answers in place of stat(), this is not a file of any kind. */
	struct stat st = { 0 };

	if (stat(path, &st) < 0)
		return errno;
	/* Of a directory, too, execve(2) says this, and engines make exit status 126 of the words. EPERM is an answer of
	 * a seccomp profile that does not know the call; execve will tell. */
	if (!S_ISREG(st.st_mode) ||
	    (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0 && errno != EPERM))
		return EACCES;
	return 0;
}

static const char *search_path(const struct program *p)
{
	for (char **env = p->env; *env; env++)
		if (str_has_prefix(*env, "PATH="))
			return *env + 5;
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* The words are those that Podman, Docker and containerd look for, in lower case. */
int program_find_executable(struct program *p, const struct plan *plan, struct arena *arena,
			    struct err *e)
{
	const char *name = plan->process.args ? plan->process.args[0] : NULL;
	const char *directory, *end;
	int problem, last = 0;

	if (!name)
		return 0; /* start refuses: runtime.md lets a container be created without a process */
	if (strchr(name, '/')) {
		problem = try_executable(name);
		if (problem == ENOENT || problem == ENOTDIR)
			return fail_errno(e, problem, "exec: \"%s\": stat %s", name, name);
		if (problem)
			return fail_errno(e, problem, "exec: \"%s\"", name);
		p->executable = arena_strdup(arena, name);
		return 0;
	}
	for (directory = search_path(p);; directory = end + 1) {
		char *path;
		end = strchrnul(directory, ':');
		path = arena_printf(arena, "%.*s%s%s", (int)(end - directory), directory,
				    end == directory ? "./" : "/", name);
		problem = try_executable(path);
		if (problem == 0) {
			p->executable = path;
			return 0;
		}
		if (problem == EACCES)
			last = EACCES;
		if (!*end)
			break;
	}
	if (last)
		return fail_errno(e, last, "exec: \"%s\"", name);
	return fail(e, ERR_CONFIG, "exec: \"%s\": executable file not found in $PATH", name);
}
