/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images that criu has written. One thing is changed, for which criu has no option.
 */
#ifndef CRIU_IMAGES_H
#define CRIU_IMAGES_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* criu's name of an open file that it leaves to the caller of restore ("file[MOUNT:INODE]"). */
#define CRIU_FILE_KEY "file["

/*
 * criu remembers length, mode and position of the files behind the standard streams, too, and refuses to take
 * another file or a pipe in their place. These are taken out of "files.img" in `images` (a directory). Other
 * files stay as they are, to the byte; a text that is not an image is ERR_SYSTEM, and the image is not changed.
 */
int criu_images_free_streams(int images, struct err *e) MUST_CHECK;

/*
 * Whether there are system call filters in the images, and each thread that has any has one that begins with these
 * bytes ("seccomp.img", "core-*.img"). An image of filters that is not there is an answer, one that cannot be
 * understood is ERR_SYSTEM.
 */
int criu_images_filtered(int images, const void *begin, size_t length, bool *ret, struct err *e)
	MUST_CHECK;

/* Of the list of filters: whether a thread that names the one of this number has one that begins so. */
struct criu_filters {
	size_t n;
	bool *has;
};
int criu_filters_read(const void *image, size_t image_length, const void *begin, size_t length,
		      struct arena *arena, struct criu_filters *ret, struct err *e) MUST_CHECK;
/* The number that a thread names; -1: none. `name` is for errors. */
int criu_core_filter(const void *image, size_t length, const char *name, int64_t *ret,
		     struct err *e) MUST_CHECK;

/* As criu_images_free_streams(), of the bytes of an image. */
int criu_images_rewrite(const void *image, size_t length, struct strbuf *out, struct err *e)
	MUST_CHECK;

#endif
