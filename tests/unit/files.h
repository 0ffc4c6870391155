/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of ordinary files that stand for the kernel's, gone after the test. Comes before <cmocka.h>;
 * with its #undef of cmocka's fail().
 */
#ifndef TESTS_UNIT_FILES_H
#define TESTS_UNIT_FILES_H

#include "base/arena.h"
#include "base/auto.h"
#include "os/io.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* of cmocka; ours makes errors */

/* STOP(), which needs the fail() of cmocka */
#define STOP(...) (print_error(__VA_ARGS__), _fail(__FILE__, __LINE__))

struct files {
	char base[64];
	struct arena arena;
};

static int files_remove_entry(const char *path, const struct stat *status, int type,
			      struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static inline int files_begin(struct files *files)
{
	snprintf(files->base, sizeof(files->base), "/tmp/distro-shim-files.XXXXXX");
	return mkdtemp(files->base) ? 0 : -1;
}

static inline void files_end(struct files *files)
{
	nftw(files->base, files_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	arena_release(&files->arena);
}

static inline char *files_path(struct files *files, const char *name)
{
	return arena_printf(&files->arena, "%s/%s", files->base, name);
}

static inline void files_make(struct files *files, const char *directory)
{
	struct err e;

	if (make_directories(files_path(files, directory), 0755, &e) < 0)
		STOP("%s\n", e.text);
}

static inline void files_put(struct files *files, const char *name, const char *text)
{
	autoclose int fd =
		open(files_path(files, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static inline const char *files_content(struct files *files, const char *name)
{
	autofree char *text = NULL;
	struct err e;

	if (read_file_at(AT_FDCWD, files_path(files, name), 65536, &text, NULL, &e) < 0)
		STOP("%s\n", e.text);
	return arena_strdup(&files->arena, text);
}

static inline bool files_has(struct files *files, const char *name)
{
	struct stat status;

	return lstat(files_path(files, name), &status) == 0;
}

#endif
