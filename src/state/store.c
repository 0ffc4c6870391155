/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a container on disk: written, read, and removed with their directory. Runs in the
 * runtime.
 */
#include "state/content.h"
#include "state/record.h"
#include "state/state.h"

#include "os/io.h"
#include "os/log.h"

#include <fcntl.h>
#include <sys/stat.h>

#define INTENT_MAX (1u << 20)

/* With config.json's annotations in it, a status can be about as large as that. */
#define STATUS_MAX JSON_MAX_BYTES
#define CONFIG_MAX JSON_MAX_BYTES

static int write_record(const struct state_dir *dir, const char *name, const char *text,
			size_t length, size_t limit, struct err *e)
{
	/* Written and never read again would be a container that cannot be stopped. */
	if (length > limit)
		return fail(e, ERR_CONFIG, "container %s: %s would have %zu bytes, more than %zu",
			    dir->id, name, length, limit);
	if (replace_file_at(dir->fd, name, 0600, text, length, e) < 0)
		return err_prefix(e, "container %s", dir->id);
	return 0;
}

static int encode_and_write(const struct state_dir *dir, const char *name,
			    const struct fields *fields, const void *record, size_t limit,
			    struct err *e)
{
	struct arena arena = { 0 };
	char *text;
	size_t length;

	int rc = fields_encode_text(fields, record, false, &arena, &text, &length, e);
	if (rc >= 0)
		rc = write_record(dir, name, text, length, limit, e);
	arena_release(&arena);
	return rc < 0 ? -1 : 0;
}

int state_write_intent(struct state_dir *dir, const struct intent_record *intent, struct err *e)
{
	return encode_and_write(dir, STATE_INTENT, &intent_fields, intent, INTENT_MAX, e);
}

int state_write_status(struct state_dir *dir, const struct status_record *status, struct err *e)
{
	return encode_and_write(dir, STATE_STATUS, &status_fields, status, STATUS_MAX, e);
}

int state_write_config(struct state_dir *dir, const struct spec *spec, struct err *e)
{
	struct arena arena = { 0 };
	char *text;
	size_t length;

	int rc = spec_encode_text(spec, false, &arena, &text, &length, e);
	if (rc >= 0)
		rc = write_record(dir, STATE_CONFIG, text, length, CONFIG_MAX, e);
	arena_release(&arena);
	return rc < 0 ? -1 : 0;
}

int state_write_request(struct state_dir *dir, const struct spec *request, struct err *e)
{
	return write_record(dir, STATE_REQUEST, request->text, request->text_length, CONFIG_MAX, e);
}

int state_write_file(struct state_dir *dir, const char *name, const char *text, struct err *e)
{
	if (text && replace_file_at(dir->fd, name, 0644, text, strlen(text), e) < 0)
		return err_prefix(e, "container %s", dir->id);
	return 0;
}

int state_rewrite_file(const struct state_dir *dir, const char *name, const char *text,
		       struct err *e)
{
	autoclose int fd = openat(dir->fd, name, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return fail_sys(e, "open '%s' beside the records", name);
	return write_fd_all(fd, name, text, strlen(text), e);
}

/* *ret = NULL if there is no such file. */
static int read_record(const struct state_dir *dir, const char *name, size_t limit, char **ret,
		       size_t *ret_length, struct err *e)
{
	/* O_NONBLOCK, because a FIFO in its place would block for ever. */
	autoclose int fd =
		openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 && errno == ENOENT) {
		*ret = NULL;
		return 0;
	}
	if (fd < 0 && errno == ELOOP)
		return fail(e, ERR_STATE, "container %s: '%s' is not a regular file", dir->id,
			    name);
	if (fd < 0)
		return fail_sys(e, "container %s: open '%s'", dir->id, name);
	if (fstat(fd, &status) < 0)
		return fail_sys(e, "container %s: stat '%s'", dir->id, name);
	if (!S_ISREG(status.st_mode))
		return fail(e, ERR_STATE, "container %s: '%s' is not a regular file", dir->id,
			    name);
	if (read_fd_sized(fd, name, limit, (size_t)status.st_size, ret, ret_length, e) < 0)
		return err_prefix(e, "container %s", dir->id);
	return 0;
}

static int read_and_decode(const struct state_dir *dir, const char *name,
			   const struct fields *fields, size_t limit, struct arena *arena,
			   void **ret, struct err *e)
{
	autofree char *text = NULL;
	size_t length = 0;
	void *record = NULL;

	if (read_record(dir, name, limit, &text, &length, e) < 0)
		return -1;
	if (text && record_decode(fields, name, text, length, arena, &record, e) < 0)
		return err_prefix(e, "container %s", dir->id);
	*ret = record;
	return 0;
}

int state_read_intent(const struct state_dir *dir, struct arena *arena, struct intent_record **ret,
		      struct err *e)
{
	void *record;

	if (read_and_decode(dir, STATE_INTENT, &intent_fields, INTENT_MAX, arena, &record, e) < 0)
		return -1;
	*ret = record;
	return 0;
}

int state_read_status(const struct state_dir *dir, struct arena *arena, struct status_record **ret,
		      struct err *e)
{
	void *record;

	if (read_and_decode(dir, STATE_STATUS, &status_fields, STATUS_MAX, arena, &record, e) < 0)
		return -1;
	*ret = record;
	return 0;
}

static int read_spec(const struct state_dir *dir, const char *name, struct arena *arena,
		     struct spec **ret, struct err *e)
{
	autofree char *text = NULL;
	size_t length = 0;
	struct spec *spec = NULL;

	if (read_record(dir, name, CONFIG_MAX, &text, &length, e) < 0)
		return -1;
	if (text && record_is_cut(text, length) && record_fail_cut(name, length, e) < 0)
		return err_prefix(e, "container %s", dir->id);
	if (text && spec_decode_text(text, length, name, arena, &spec, e) < 0) {
		e->kind = ERR_STATE;
		return err_prefix(e, "container %s", dir->id);
	}
	*ret = spec;
	return 0;
}

int state_read_config(const struct state_dir *dir, struct arena *arena, struct spec **ret,
		      struct err *e)
{
	return read_spec(dir, STATE_CONFIG, arena, ret, e);
}

int state_read_request(const struct state_dir *dir, struct arena *arena, struct spec **ret,
		       struct err *e)
{
	return read_spec(dir, STATE_REQUEST, arena, ret, e);
}

/* Its place in content_names; -1: it is not one of them. */
static int known_index(const char *name)
{
	for (int i = 0; content_names[i]; i++)
		if (str_eq(name, content_names[i]))
			return i;
	return -1;
}

static int fail_unknown(const struct state_dir *dir, const char *name, struct err *e)
{
	return fail(e, ERR_STATE, "'%s/%s' holds '%s', which this program did not put there",
		    dir->root, dir->id, name);
}

/*
 * Look for strangers before anything is removed, so that nothing is lost when there is one; take the
 * stale temporary files away in passing. A directory that cannot be read is not a reason to give
 * up: the rmdir tells whether it is empty. *ret_there: what to remove, by the bits of content_names.
 */
static int sweep(const struct state_dir *dir, uint64_t *ret_there, struct err *e)
{
	int scan_fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclosedir DIR *scan = scan_fd < 0 ? NULL : fdopendir(scan_fd);
	struct dirent *entry;
	int rc;

	if (!scan) {
		log_debug("container %s: its state directory cannot be read", dir->id);
		close_keep_errno(scan_fd);
		*ret_there = UINT64_MAX;
		return 0;
	}
	while ((rc = next_entry(scan, "the container's directory", &entry, e)) > 0) {
		const char *name = entry->d_name;
		int known = known_index(name);
		if (known >= 0) {
			*ret_there |= UINT64_C(1) << known;
			continue;
		}
		if (!content_is_temporary(name))
			return fail_unknown(dir, name, e);
		if (unlinkat(dir->fd, name, 0) < 0 && errno != ENOENT)
			return fail_sys(e, "container %s: remove '%s'", dir->id, name);
	}
	return rc < 0 ? err_prefix(e, "container %s", dir->id) : 0;
}

/* ROOT/ID must still be the directory whose files are removed, or the rmdir would hit another one. */
static int check_in_place(const struct state_dir *dir, bool *ret_gone, struct err *e)
{
	struct stat held, named;

	if (fstat(dir->fd, &held) < 0)
		return fail_sys(e, "stat state directory '%s/%s'", dir->root, dir->id);
	if (fstatat(dir->root_fd, dir->id, &named, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return fail_sys(e, "stat state directory '%s/%s'", dir->root, dir->id);
		*ret_gone = true;
		return 0;
	}
	*ret_gone = false;
	if (held.st_dev != named.st_dev || held.st_ino != named.st_ino)
		return fail(e, ERR_STATE, "'%s/%s' was replaced by another directory", dir->root,
			    dir->id);
	return 0;
}

static int remove_name(const struct state_dir *dir, const char *name, struct err *e)
{
	bool is_notify = str_eq(name, STATE_NOTIFY), is_yard = str_eq(name, STATE_YARD);
	bool is_directory = is_notify || is_yard;

	if (is_yard && unlinkat(dir->fd, STATE_YARD "/" STATE_YARD_UNIFIED, 0) < 0 &&
	    errno != ENOENT && errno != ENOTDIR)
		return fail_sys(e, "container %s: remove criu's view of the cgroups", dir->id);
	if (is_notify && unlinkat(dir->fd, STATE_NOTIFY "/" STATE_NOTIFY_SOCKET, 0) < 0 &&
	    errno != ENOENT && errno != ENOTDIR)
		return fail_sys(e, "container %s: remove the notification socket", dir->id);
	if (unlinkat(dir->fd, name, is_directory ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT)
		return 0;
	/* A file for a directory or the other way round is damage, and goes with the rest if it is empty. */
	if ((errno == EISDIR || errno == ENOTDIR) &&
	    unlinkat(dir->fd, name, is_directory ? 0 : AT_REMOVEDIR) == 0)
		return 0;
	return fail_sys(e, "container %s: remove '%s'", dir->id, name);
}

int state_remove(struct state_dir *dir, struct err *e)
{
	uint64_t there = 0;
	bool gone;

	if (check_in_place(dir, &gone, e) < 0)
		return -1;
	if (gone)
		return 0;
	if (sweep(dir, &there, e) < 0)
		return -1;
	for (size_t i = 0; content_names[i]; i++)
		if ((there & UINT64_C(1) << i) && remove_name(dir, content_names[i], e) < 0)
			return -1;
	if (unlinkat(dir->root_fd, dir->id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return fail_sys(e, "remove state directory '%s/%s'", dir->root, dir->id);
	return 0;
}
