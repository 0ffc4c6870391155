/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes and links below /dev (config-linux.md "Default Devices", "Devices"; runtime-linux.md
 * "Dev symbolic links"). Pure.
 */
#include "plan/context.h"

#include "base/auto.h"
#include "base/path.h"

#include <sys/stat.h>

/* What fits into dev_t as the kernel has it (include/linux/kdev_t.h). */
#define MAJOR_MAX 0xfff
#define MINOR_MAX 0xfffff

static const struct {
	const char *path;
	unsigned major, minor;
} default_devices[] = {
	{ "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static const struct plan_link default_links[] = {
	{ "/dev/fd", "/proc/self/fd" },       { "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
	{ "/dev/core", "/proc/kcore" },
};
/* also if no devpts is mounted: an init may mount it itself */
static const struct plan_link ptmx_link = { "/dev/ptmx", "pts/ptmx" };

/* What /dev is, by the last mount there. */
enum dev_directory {
	DEV_OF_ROOTFS, /* no mount: the image's own, which gets what is missing */
	DEV_OWN,       /* an empty tmpfs of the container's own */
	DEV_FOREIGN, /* a bind or devtmpfs: with the nodes of the host, which is not ours to change */
};

struct dev_view {
	enum dev_directory directory;
	bool pts; /* devpts is mounted at /dev/pts, after that */
	struct text_set destinations;
	size_t *last; /* which mount is the last one there, by the number of the first */
};

static void dev_look(struct plan_context *c, struct dev_view *ret)
{
	ret->directory = DEV_OF_ROOTFS;
	ret->pts = false;
	text_set_init(&ret->destinations, c->arena, c->plan->mounts.n);
	ret->last = arena_new_array(c->arena, size_t, c->plan->mounts.n);
	for (size_t i = 0; i < c->plan->mounts.n; i++) {
		const struct plan_mount *mount = &c->plan->mounts.v[i];
		bool is_fs = mount->kind == PLAN_MOUNT_FS;

		if (mount->kind == PLAN_MOUNT_REMOUNT)
			continue;
		/* nothing of what was mounted before it is seen any more */
		if (plan_is_root(mount)) {
			text_set_init(&ret->destinations, c->arena, c->plan->mounts.n);
			ret->directory = DEV_OF_ROOTFS;
			ret->pts = false;
			continue;
		}
		const size_t *first = text_set_add(&ret->destinations, mount->destination,
						   strlen(mount->destination), i);
		ret->last[first ? *first : i] = i;
		if (str_eq(mount->destination, "/dev")) {
			ret->directory =
				is_fs && str_eq(mount->fstype, "tmpfs") ? DEV_OWN : DEV_FOREIGN;
			ret->pts = false;
		} else if (str_eq(mount->destination, "/dev/pts")) {
			ret->pts = is_fs && str_eq(mount->fstype, "devpts");
		}
	}
}

static bool is_mounted_over(const struct dev_view *dev, const char *path)
{
	return text_set_find(&dev->destinations, path, strlen(path)) != NULL;
}

/* The mount that covers the path, NULL: the root filesystem. The later one hides what lies below it. */
static const struct plan_mount *mount_over(const struct plan_context *c, const struct dev_view *dev,
					   const char *path)
{
	const struct plan_mount *over = NULL;

	for (size_t length = strlen(path); length > 1;) {
		const size_t *first = text_set_find(&dev->destinations, path, length);
		const struct plan_mount *mount =
			first ? &c->plan->mounts.v[dev->last[*first]] : NULL;

		if (mount && (!over || mount > over))
			over = mount;
		while (path[--length] != '/')
			;
	}
	return over;
}

/* Whether a node made there would be the host's: what a bind or devtmpfs shows at /dev or below it is. */
static bool is_of_the_host(const struct plan_context *c, const struct dev_view *dev,
			   const char *path)
{
	const struct plan_mount *over = mount_over(c, dev, path);

	if (!over || !path_is_below(over->destination, "/dev"))
		return false;
	return over->kind != PLAN_MOUNT_FS || str_eq(over->fstype, "devtmpfs");
}

/* mknod(2) of a device is not permitted outside the initial user namespace; of a FIFO it is. */
static bool devices_by_bind(const struct plan_context *c)
{
	return c->facts->rootless || plan_has_user_namespace(c->plan);
}

static int device_numbers(const struct spec_device *from, size_t index, struct plan_device *ret,
			  struct err *e)
{
	if (ret->type == S_IFIFO)
		return 0;
	if (!from->major.set || !from->minor.set)
		return fail(e, ERR_CONFIG, "linux.devices[%zu].%s: needed for type %s", index,
			    from->major.set ? "minor" : "major", from->type);
	if (from->major.value < 0 || from->major.value > MAJOR_MAX)
		return fail(e, ERR_CONFIG, "linux.devices[%zu].major: must be from 0 to %d", index,
			    MAJOR_MAX);
	if (from->minor.value < 0 || from->minor.value > MINOR_MAX)
		return fail(e, ERR_CONFIG, "linux.devices[%zu].minor: must be from 0 to %d", index,
			    MINOR_MAX);
	ret->major = (unsigned)from->major.value;
	ret->minor = (unsigned)from->minor.value;
	return 0;
}

static int device_read(struct plan_context *c, size_t index, struct plan_device *ret, struct err *e)
{
	const struct spec_device *from = &c->linux_->devices.v[index];

	if (str_empty(from->path) || from->path[0] != '/')
		return fail(e, ERR_CONFIG, "linux.devices[%zu].path: must be absolute", index);
	ret->path = path_clean_in(c->arena, from->path);
	if (str_eq(ret->path, "/"))
		return fail(e, ERR_CONFIG, "linux.devices[%zu].path: / is not a device", index);
	if (str_eq(from->type, "c") || str_eq(from->type, "u"))
		ret->type = S_IFCHR;
	else if (str_eq(from->type, "b"))
		ret->type = S_IFBLK;
	else if (str_eq(from->type, "p"))
		ret->type = S_IFIFO;
	else
		return fail(e, ERR_CONFIG, "linux.devices[%zu].type: must be c, b, u or p", index);
	/* engines send stat(2)'s whole st_mode */
	ret->mode = from->file_mode.set ? from->file_mode.value & 07777 : 0666;
	ret->index = index;
	ret->uid = from->uid.value;
	ret->gid = from->gid.value;
	ret->bind = ret->type != S_IFIFO && devices_by_bind(c);
	/* of a user namespace that is joined the mappings are not known */
	if (!plan_has_user_namespace(c->plan) || c->plan->namespaces.new_user) {
		ret->host_uid = plan_host_id(c, &c->linux_->uid_mappings, ret->uid);
		ret->host_gid = plan_host_id(c, &c->linux_->gid_mappings, ret->gid);
	}
	return device_numbers(from, index, ret, e);
}

/* A device of the config stands in for the default one of its path. */
static void device_add(struct plan_context *c, struct text_set *paths,
		       const struct plan_device *device)
{
	struct plan *plan = c->plan;
	const size_t *earlier =
		text_set_add(paths, device->path, strlen(device->path), plan->devices.n);

	plan->devices.v[earlier ? *earlier : plan->devices.n++] = *device;
}

static void devices_default(struct plan_context *c, const struct dev_view *dev,
			    struct text_set *paths)
{
	struct plan *plan = c->plan;

	for (size_t i = 0; dev->directory != DEV_FOREIGN && i < ARRAY_SIZE(default_devices); i++) {
		const char *path = default_devices[i].path;

		if (is_mounted_over(dev, path))
			continue;
		text_set_add(paths, path, strlen(path), plan->devices.n);
		plan->devices.v[plan->devices.n++] = (struct plan_device){
			.path = path,
			.type = S_IFCHR,
			.mode = 0666,
			.major = default_devices[i].major,
			.minor = default_devices[i].minor,
			.bind = devices_by_bind(c),
			.is_default = true,
		};
	}
}

static int devices_of_config(struct plan_context *c, const struct dev_view *dev,
			     struct text_set *paths, struct err *e)
{
	for (size_t i = 0; i < c->linux_->devices.n; i++) {
		struct plan_device device = { 0 };

		if (device_read(c, i, &device, e) < 0)
			return -1;
		/* the container's own instance of devpts has its own */
		if (str_eq(device.path, ptmx_link.path) && dev->pts)
			continue;
		device.look_only = is_of_the_host(c, dev, device.path);
		device.bind &= !device.look_only;
		device_add(c, paths, &device);
	}
	return 0;
}

static void links_plan(struct plan_context *c, const struct dev_view *dev,
		       const struct text_set *devices)
{
	struct plan *plan = c->plan;

	plan->links.v = arena_new_array(c->arena, struct plan_link, ARRAY_SIZE(default_links) + 1);
	for (size_t i = 0; dev->directory != DEV_FOREIGN && i <= ARRAY_SIZE(default_links); i++) {
		bool is_ptmx = i == ARRAY_SIZE(default_links);
		const struct plan_link *link = is_ptmx ? &ptmx_link : &default_links[i];

		if (is_mounted_over(dev, link->path) ||
		    text_set_find(devices, link->path, strlen(link->path)))
			continue;
		plan->links.v[plan->links.n++] = *link;
	}
}

int plan_devices(struct plan_context *c, struct err *e)
{
	size_t capacity = ARRAY_SIZE(default_devices) + c->linux_->devices.n;
	struct text_set paths;
	struct dev_view dev;

	dev_look(c, &dev);
	text_set_init(&paths, c->arena, capacity);
	c->plan->devices.v = arena_new_array(c->arena, struct plan_device, capacity);
	devices_default(c, &dev, &paths);
	if (devices_of_config(c, &dev, &paths, e) < 0)
		return -1;
	links_plan(c, &dev, &paths);
	return 0;
}
