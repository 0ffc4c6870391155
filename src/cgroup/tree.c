/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading, writing and walking of cgroup directories (tree.h). Runs in the runtime.
 */
#include "cgroup/tree.h"

#include "base/auto.h"
#include "os/clock.h"
#include "os/io.h"
#include "sys/beneath.h"
#include "sys/deadline.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Of cgroup.procs: all pids that there can be (PID_MAX_LIMIT), in digits. */
#define PROCS_MAX (64u << 20)

#define PAUSE_MIN_NS 200000L
#define PAUSE_MAX_NS 20000000L

int tree_open_below(int directory_fd, const char *path)
{
	return sys_openat2(directory_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
			   RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
}

int tree_read(int directory_fd, const char *file, char *buffer, size_t size)
{
	autoclose int fd = openat(directory_fd, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	do
		n = read(fd, buffer, size - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	buffer[n] = '\0';
	if (n > 0 && buffer[n - 1] == '\n')
		buffer[n - 1] = '\0';
	return 0;
}

int tree_open_for_writing(int directory_fd, const char *file)
{
	return openat(directory_fd, file, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
}

int tree_write_open(int fd, const char *text)
{
	size_t length = strlen(text);
	ssize_t n;

	do
		n = write(fd, text, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if ((size_t)n != length) {
		errno = EIO;
		return -1;
	}
	return 0;
}

int tree_write(int directory_fd, const char *file, const char *text)
{
	autoclose int fd = tree_open_for_writing(directory_fd, file);

	return fd < 0 ? -1 : tree_write_open(fd, text);
}

static bool has_part(const char *text, const char *part, const char *separators)
{
	size_t length = strlen(part);

	while (*text) {
		size_t n = strcspn(text, separators);
		if (n == length && strncmp(text, part, n) == 0)
			return true;
		text += n + strspn(text + n, separators);
	}
	return false;
}

int tree_look_for_event(int directory_fd, const char *file, const char *line)
{
	char text[512];

	if (tree_read(directory_fd, file, text, sizeof(text)) < 0)
		return -1;
	return has_part(text, line, "\n");
}

bool tree_has_event(int directory_fd, const char *file, const char *line)
{
	return tree_look_for_event(directory_fd, file, line) > 0;
}

bool tree_has_word(const char *list, const char *word)
{
	return has_part(list, word, " \n");
}

char *tree_next_line(char **text)
{
	char *line = *text;

	if (!*line)
		return NULL;
	*text += strcspn(line, "\n");
	if (**text)
		*(*text)++ = '\0';
	return line;
}

/* --- walk --- */

struct level {
	char **names; /* of the sub-groups, as they were when we came */
	size_t n, next;
};

struct walk {
	struct level *levels;
	size_t depth, capacity;
	int fd; /* of the deepest level */
};

static void level_release(struct level *level)
{
	for (size_t i = 0; i < level->n; i++)
		free(level->names[i]);
	free(level->names);
}

static void walk_release(struct walk *walk)
{
	while (walk->depth > 0)
		level_release(&walk->levels[--walk->depth]);
	free(walk->levels);
	close_keep_errno(walk->fd);
}

/* The kernel removes a cgroup under us in more than one way: ENODEV from its files, ENOENT by name. */
static bool is_gone(int error_number)
{
	return error_number == ENOENT || error_number == ENODEV;
}

static bool is_subgroup(int directory_fd, const struct dirent *entry)
{
	struct stat status;

	if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(directory_fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(status.st_mode);
}

/* Most have none, and then two links: "." and the one from above. */
static bool has_no_subgroups(int directory_fd)
{
	struct stat status;

	return fstat(directory_fd, &status) == 0 && status.st_nlink == 2;
}

static int read_subgroups(int directory_fd, struct level *level, struct err *e)
{
	size_t capacity = 0;

	if (has_no_subgroups(directory_fd))
		return 0;

	int scan_fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *scan = scan_fd < 0 ? NULL : fdopendir(scan_fd);
	if (!scan) {
		close_keep_errno(scan_fd);
		return is_gone(errno) ? 0 : fail_sys(e, "read a cgroup directory");
	}
	for (struct dirent *entry; (entry = readdir(scan));) {
		if (!is_subgroup(directory_fd, entry))
			continue;
		if (level->n == capacity) {
			capacity = capacity ? capacity * 2 : 8;
			level->names = xrealloc(level->names, capacity * sizeof(*level->names));
		}
		level->names[level->n++] = xstrdup(entry->d_name);
	}
	return 0;
}

/* Takes `fd` over. */
static int walk_down(struct walk *walk, int fd, const struct tree_visitor *visitor, struct err *e)
{
	replace_fd(&walk->fd, fd);
	if (visitor->enter && visitor->enter(fd, visitor->context, e) < 0)
		return -1;
	if (walk->depth == walk->capacity) {
		walk->capacity = walk->capacity ? walk->capacity * 2 : 8;
		walk->levels = xrealloc(walk->levels, walk->capacity * sizeof(*walk->levels));
	}
	struct level *level = &walk->levels[walk->depth++];
	*level = (struct level){ 0 };
	return read_subgroups(fd, level, e);
}

static int walk_up(struct walk *walk, const struct tree_visitor *visitor, struct err *e)
{
	level_release(&walk->levels[--walk->depth]);
	if (walk->depth == 0)
		return 0;

	/* ".." is where we came from: a cgroup never moves to another parent. */
	int up = openat(walk->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (up < 0)
		return fail_sys(e, "go up in a cgroup tree");
	replace_fd(&walk->fd, up);
	if (!visitor->leave)
		return 0;
	const struct level *level = &walk->levels[walk->depth - 1];
	return visitor->leave(up, level->names[level->next - 1], visitor->context, e);
}

static bool is_within(const struct tree_limit *limit, int directory_fd)
{
	return !limit || limit->passes(directory_fd, limit->context);
}

int tree_walk(int top_fd, const struct tree_visitor *visitor, struct err *e)
{
	__attribute__((cleanup(walk_release))) struct walk walk = { .fd = -1 };

	if (has_no_subgroups(top_fd))
		return visitor->enter ? visitor->enter(top_fd, visitor->context, e) : 0;

	int top = fcntl(top_fd, F_DUPFD_CLOEXEC, 3);

	if (top < 0)
		return fail_sys(e, "duplicate a cgroup descriptor");
	int rc = walk_down(&walk, top, visitor, e);
	while (rc == 0 && walk.depth > 0) {
		struct level *level = &walk.levels[walk.depth - 1];
		if (level->next == level->n) {
			rc = walk_up(&walk, visitor, e);
			continue;
		}
		int fd = tree_open_below(walk.fd, level->names[level->next++]);
		if (fd >= 0 && !is_within(visitor->limit, fd))
			close_keep_errno(fd);
		else if (fd >= 0)
			rc = walk_down(&walk, fd, visitor, e);
		else if (!is_gone(errno))
			rc = fail_sys(e, "open sub-cgroup '%s'", level->names[level->next - 1]);
	}
	return rc;
}

/* --- pids --- */

void pid_set_release(struct pid_set *pids)
{
	free(pids->v);
	*pids = (struct pid_set){ 0 };
}

static void add_pid(struct pid_set *pids, uint32_t pid)
{
	if (pid == 0) {
		pids->outside = true;
		return;
	}
	if (pids->n == pids->capacity) {
		pids->capacity = pids->capacity ? pids->capacity * 2 : 32;
		pids->v = xrealloc(pids->v, pids->capacity * sizeof(*pids->v));
	}
	pids->v[pids->n++] = pid;
}

static int enter_for_pids(int directory_fd, void *context, struct err *e)
{
	struct err reason;
	autofree char *text = NULL;
	uint32_t pid;

	if (read_file_at(directory_fd, "cgroup.procs", PROCS_MAX, &text, NULL, &reason) < 0) {
		/* A threaded cgroup has no processes; the domain above it lists them. */
		if (is_gone(reason.sys) || reason.sys == EOPNOTSUPP)
			return 0;
		*e = reason;
		return -1;
	}
	for (char *line = text; *line;) {
		char *end = line + strcspn(line, "\n");
		char *next = *end ? end + 1 : end;
		*end = '\0';
		if (!parse_u32(line, &pid))
			return fail(e, ERR_SYSTEM, "cgroup.procs holds '%.20s', which is not a pid",
				    line);
		add_pid(context, pid);
		line = next;
	}
	return 0;
}

int tree_add_pids(int directory_fd, const struct tree_limit *limit, struct pid_set *pids,
		  struct err *e)
{
	const struct tree_visitor visitor = {
		.enter = enter_for_pids,
		.context = pids,
		.limit = limit,
	};

	return tree_walk(directory_fd, &visitor, e);
}

static int compare_pids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void pid_set_sort(struct pid_set *pids)
{
	size_t n = 0;

	if (pids->n == 0)
		return;
	qsort(pids->v, pids->n, sizeof(*pids->v), compare_pids);
	for (size_t i = 0; i < pids->n; i++)
		if (i == 0 || pids->v[i] != pids->v[n - 1])
			pids->v[n++] = pids->v[i];
	pids->n = n;
}

void pid_set_add_all(struct pid_set *pids, const struct pid_set *more)
{
	for (size_t i = 0; i < more->n; i++)
		add_pid(pids, more->v[i]);
	pid_set_sort(pids);
}

void pid_set_remove(struct pid_set *pids, uint32_t pid)
{
	size_t n = 0;

	for (size_t i = 0; i < pids->n; i++)
		if (pids->v[i] != pid)
			pids->v[n++] = pids->v[i];
	pids->n = n;
}

bool pid_set_has(const struct pid_set *pids, uint32_t pid)
{
	return pids->n > 0 &&
	       bsearch(&pid, pids->v, pids->n, sizeof(*pids->v), compare_pids) != NULL;
}

/* --- time --- */

void patience_start(struct patience *patience, int64_t milliseconds)
{
	patience->deadline_ms = clock_ms() + milliseconds;
	patience->pause = (struct timespec){ .tv_nsec = PAUSE_MIN_NS };
}

bool patience_pause(struct patience *patience)
{
	if (clock_ms() >= patience->deadline_ms)
		return false;
	nanosleep(&patience->pause, NULL);
	if (patience->pause.tv_nsec < PAUSE_MAX_NS)
		patience->pause.tv_nsec *= 2;
	return true;
}
