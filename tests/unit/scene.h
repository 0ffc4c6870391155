/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of the test's own, and what goes to stderr caught in a file there. It has <cmocka.h> in it, and the #undef of
 * cmocka's fail().
 */
#ifndef TESTS_UNIT_SCENE_H
#define TESTS_UNIT_SCENE_H

#include "base/arena.h"
#include "base/auto.h"
#include "base/err.h"
#include "base/str.h"
#include "os/io.h"
#include "os/log.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#undef fail /* cmocka's; ours makes errors */

/* STOP(), which needs cmocka's fail() */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

struct scene {
	char path[64];
	int fd;
	int saved_stderr;
};

static inline int scene_open(void **state)
{
	static struct scene scene;

	scene = (struct scene){ .path = "/tmp/distro-shim-test-base-XXXXXX", .fd = -1 };
	if (!mkdtemp(scene.path))
		return -1;
	scene.fd = open(scene.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scene.saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	*state = &scene;
	return scene.fd < 0 || scene.saved_stderr < 0 ? -1 : 0;
}

static inline void remove_tree(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0) {
		autoclosedir DIR *dir = fdopendir(fd);
		for (struct dirent *entry; (entry = readdir(dir));)
			if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
				remove_tree(fd, entry->d_name);
	}
	unlinkat(dirfd, name, fd >= 0 ? AT_REMOVEDIR : 0);
}

static inline int scene_close(void **state)
{
	struct scene *scene = *state;

	log_close();
	log_set_prefix(NULL);
	close(scene->saved_stderr);
	close(scene->fd);
	remove_tree(AT_FDCWD, scene->path);
	return 0;
}

static char *slurp(const struct scene *scene, const char *name)
{
	struct err e;
	char *text = NULL;

	if (read_file_at(scene->fd, name, 1 << 20, &text, NULL, &e) < 0)
		STOP("%s", e.text);
	return text;
}

static inline const char *path_in(const struct scene *scene, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", scene->path, name);
	return path;
}

#define IN_SCENE(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)

#endif
