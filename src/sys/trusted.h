/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the host that are believed, or written to, by what owns them and who else can write them. A path
 * is walked by descriptors and no symlink is followed; each directory and the file must belong to a user who
 * is trusted and be writable by no other. A sticky directory is writable by others and is not trusted.
 */
#ifndef SYS_TRUSTED_H
#define SYS_TRUSTED_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct owners {
	size_t n;
	uid_t v[3];
};
struct trust {
	struct owners directories, file;
	/* What this user owns may be written by this group, which is the user's own, too. */
	bool own_group;
	uid_t user;
	gid_t group;
};

/* Root alone; for a caller without root's power over the host the caller as well, and in a user namespace,
 * where the directories of the host's root show the overflow uid, that one for directories. */
int trust_of_caller(struct trust *ret, struct err *e) MUST_CHECK;

/* What an error says: "WHAT 'BASE/PATH': 'BASE/PART' is ...". */
struct trusted_name {
	const char *what; /* "policy file" */
	const char *base; /* of root_fd; "" if that is "/" */
	const char *path; /* below it */
};

/*
 * O_PATH descriptor of a regular file with one link below root_fd, which is judged as each directory on the
 * way. ERR_POLICY with the reason and the component that is at fault; e->sys is ENOENT if the file or a
 * directory is not there.
 */
int trusted_open_at(int root_fd, const struct trusted_name *name, const struct trust *trust,
		    struct err *e) MUST_CHECK;
/* The same of a directory. */
int trusted_open_directory_at(int root_fd, const struct trusted_name *name,
			      const struct trust *trust, struct err *e) MUST_CHECK;

/* Read such a file once, from one descriptor, `limit` bytes at most; free(). */
int trusted_read(int file, const struct trusted_name *name, size_t limit, char **ret_text,
		 size_t *ret_length, struct err *e) MUST_CHECK;

/* A directory of the host by its real path: no symlink leads there, whatever was put in its place since the
 * path was found out. O_PATH; errno on failure. */
int directory_open_real(const char *path);

/*
 * Open a file below a directory for appending, made with 0600 if it is missing: by openat2(2), beneath it,
 * through no symlink. What is there must be a regular file with one link: a FIFO or a device is not so much as
 * opened, and another name of a file elsewhere is not written to. `name` is for errors, of kind ERR_CONFIG.
 */
int append_open_beneath(int directory_fd, const char *path, const struct trusted_name *name,
			struct err *e) MUST_CHECK;

#endif
