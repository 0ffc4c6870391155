/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An overlay whose directories are named by more text than fsconfig(2) takes at once: 255 bytes, where
 * mount(2) takes a page. Each directory is opened here and named by its descriptor; many lower ones are
 * given one by one, which kernels can since 6.5 ("lowerdir+", Documentation/filesystems/overlayfs.rst).
 * Runs in the container's first process.
 */
#include "boot/common/overlay.h"

#include "base/str.h"
#include "boot/common/filesystem.h"
#include "model/kernel_fs.h"
#include "sys/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define FSCONFIG_TEXT_MAX 255

struct layer {
	char *path;
	bool data; /* behind "::": only its files' contents are used */
	int fd;
};
struct layers {
	size_t n, capacity;
	struct layer *v;
};

static void layers_release(struct layers *layers)
{
	for (size_t i = 0; i < layers->n; i++) {
		close_keep_errno(layers->v[i].fd);
		free(layers->v[i].path);
	}
	free(layers->v);
}
#define autolayers __attribute__((cleanup(layers_release))) struct layers

/* Up to `length` bytes, each backslash taken away that stands before another byte. */
static char *unescape(const char *text, size_t length)
{
	char *out = xmalloc(length + 1);
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\\' && i + 1 < length)
			i++;
		out[n++] = text[i];
	}
	out[n] = '\0';
	return out;
}

static struct layer *layers_add(struct layers *layers, const char *text, size_t length, bool data)
{
	if (layers->n == layers->capacity) {
		layers->capacity = layers->capacity ? 2 * layers->capacity : 16;
		layers->v = xrealloc(layers->v, layers->capacity * sizeof(*layers->v));
	}
	layers->v[layers->n] =
		(struct layer){ .path = unescape(text, length), .data = data, .fd = -1 };
	return &layers->v[layers->n++];
}

/* "a:b::c": a colon ends a directory where no backslash stands before it. */
static int split(const char *text, struct layers *layers, struct err *e)
{
	bool data = false;

	for (;;) {
		size_t length = 0;

		while (text[length] && text[length] != ':')
			length += text[length] == '\\' && text[length + 1] ? 2 : 1;
		if (length == 0)
			return fail(e, ERR_CONFIG, "lowerdir: a directory without a name");
		layers_add(layers, text, length, data);
		text += length;
		if (!*text)
			return 0;
		text++;
		if (*text == ':') {
			data = true;
			text++;
		}
	}
}

static int open_layer(struct layer *layer, struct err *e)
{
	layer->fd = open(layer->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (layer->fd < 0)
		return fail_sys(e, "layer '%s'", layer->path);
	return 0;
}

/* The names of the descriptors below /proc/self/fd, as one text; false if it would be too long. */
static bool join_names(const struct layers *layers, struct strbuf *text)
{
	for (size_t i = 0; i < layers->n && text->length <= FSCONFIG_TEXT_MAX; i++)
		strbuf_printf(text, "%s%s%d", i > 0 ? ":" : "", layers->v[i].data ? ":" : "",
			      layers->v[i].fd);
	return text->length <= FSCONFIG_TEXT_MAX;
}

/* Fewer cannot be too many for one text: two bytes each, with the colon. */
#define NAMES_MAX ((FSCONFIG_TEXT_MAX + 1) / 2)

struct overlay {
	struct arena *arena;
	struct plan_mount mount; /* with options that the kernel takes */
	struct layers *layers;   /* all whose descriptors must stay open */
	bool one_by_one;
};

static void add_option(struct overlay *o, const char *key, const char *value)
{
	o->mount.options.v[o->mount.options.n++] = (struct plan_option){ key, value };
}

static int add_one_by_one(struct overlay *o, struct layers *lower, struct err *e)
{
	for (size_t i = 0; i < lower->n; i++) {
		struct layer *layer = &lower->v[i];
		const char *name = arena_strdup(o->arena, layer->path);

		/* A short name stays as it is in the table of mounts. */
		if (strlen(name) > FSCONFIG_TEXT_MAX || name[0] != '/') {
			if (layer->fd < 0 && open_layer(layer, e) < 0)
				return -1;
			name = arena_strdup(o->arena, fd_path(layer->fd).text);
		} else {
			replace_fd(&layer->fd, -1);
		}
		add_option(o, layer->data ? "datadir+" : "lowerdir+", name);
	}
	o->one_by_one = true;
	return 0;
}

static int add_lower(struct overlay *o, struct layers *lower, struct err *e)
{
	autostrbuf text = { 0 };

	for (size_t i = 0; lower->n <= NAMES_MAX && i < lower->n; i++)
		if (open_layer(&lower->v[i], e) < 0)
			return -1;
	if (lower->n > NAMES_MAX || !join_names(lower, &text))
		return add_one_by_one(o, lower, e);
	add_option(o, "lowerdir", arena_strdup(o->arena, strbuf_text(&text)));
	return 0;
}

static int add_directory(struct overlay *o, struct layers *others, const struct plan_option *option,
			 struct err *e)
{
	struct layer *layer = layers_add(others, option->value, strlen(option->value), false);

	if (open_layer(layer, e) < 0)
		return err_prefix(e, "%s", option->key);
	add_option(o, option->key, arena_strdup(o->arena, fd_path(layer->fd).text));
	return 0;
}

/* Names of descriptors are shortest where they are relative; kernels before 6.5 look them up only when
 * the file system is created. */
static int make_among_descriptors(const struct plan_mount *mount, struct err *e)
{
	autoclose int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;

	if (back < 0 || chdir("/proc/self/fd") < 0)
		return fail_sys(e, "enter '/proc/self/fd'");
	fd = make_filesystem(mount, e);
	if (fchdir(back) < 0 && fd >= 0)
		return fail_sys(e, "return from '/proc/self/fd'");
	return take_fd(&fd);
}

static bool is_directory(const char *key)
{
	return str_eq(key, "upperdir") || str_eq(key, "workdir") || str_eq(key, "lowerdir+") ||
	       str_eq(key, "datadir+");
}

/* What was judged is looked at again where it is used. */
static int check_layer(const struct plan_mount *mount, const char *path, struct err *e)
{
	autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *name;
	struct statfs fs;

	/* one that is not there is an error of the file system's, in its words */
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return 0;
	name = kernel_fs_name((unsigned long)fs.f_type);
	if (!name)
		return 0;
	return fail(
		e, ERR_POLICY,
		"kernelMounts: the layer '%s' of '%s' is a %s; \"requested\" in the policy would allow it",
		path, mount->destination, name);
}

static int check_layers(const struct plan_mount *mount, const struct layers *lower, struct err *e)
{
	for (size_t i = 0; i < lower->n; i++)
		if (check_layer(mount, lower->v[i].path, e) < 0)
			return -1;
	for (size_t i = 0; i < mount->options.n; i++)
		if (is_directory(mount->options.v[i].key) && mount->options.v[i].value &&
		    check_layer(mount, mount->options.v[i].value, e) < 0)
			return -1;
	return 0;
}

static bool is_long(const struct plan_option *option)
{
	return option->value && strlen(option->value) > FSCONFIG_TEXT_MAX;
}

int make_overlay(const struct root *r, const struct plan_mount *mount, struct err *e)
{
	struct overlay o = { .arena = r->arena, .mount = *mount };
	autolayers lower = { 0 }, others = { 0 };
	bool any_long = false;
	int fd;

	for (size_t i = 0; i < mount->options.n; i++) {
		any_long |= is_long(&mount->options.v[i]);
		if (str_eq(mount->options.v[i].key, "lowerdir") && mount->options.v[i].value &&
		    split(mount->options.v[i].value, &lower, e) < 0)
			return -1;
	}
	if (r->plan->kernel_own && check_layers(mount, &lower, e) < 0)
		return -1;
	if (!any_long)
		return make_filesystem(mount, e);
	o.mount.options.n = 0;
	o.mount.options.v =
		arena_new_array(r->arena, struct plan_option, mount->options.n + lower.n);
	for (size_t i = 0; i < mount->options.n; i++) {
		const struct plan_option *option = &mount->options.v[i];

		if (str_eq(option->key, "lowerdir") && option->value) {
			if (add_lower(&o, &lower, e) < 0)
				return -1;
		} else if (is_directory(option->key) && option->value) {
			if (add_directory(&o, &others, option, e) < 0)
				return -1;
		} else {
			add_option(&o, option->key, option->value);
		}
	}
	fd = make_among_descriptors(&o.mount, e);
	if (fd < 0 && o.one_by_one && e->sys == EINVAL)
		return err_prefix(e, "%zu layers (so many need Linux 6.5)", lower.n);
	return fd;
}
