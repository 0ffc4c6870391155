/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of mounts, device nodes and links. Pure.
 */
#include "plan/fields.h"

#include "base/auto.h"

#include <sys/stat.h>

/* --- parts of a mount --- */

static void option_head(const void *object, struct strbuf *out)
{
	const struct plan_option *option = object;

	put_word(out, option->key);
	if (!option->value)
		return;
	strbuf_putc(out, '=');
	put_word(out, option->value);
}

static void below_head(const void *object, struct strbuf *out)
{
	const struct plan_below *below = object;

	strbuf_puts(out, below->detach ? "without " : "read-only ");
	put_word(out, below->path);
}

static void guard_head(const void *object, struct strbuf *out)
{
	const struct plan_guard *guard = object;

	strbuf_puts(out, guard->masked ? "masked " : "read-only ");
	put_word(out, guard->path);
}

#define T struct plan_option
static const struct field option_rows[] = {
	ROW(TEXT, key, "key", HEAD),
	ROW(TEXT, value, "value", HEAD),
};
static const struct fields option_fields = PLAN_TABLE_HEADED(option_rows, option_head);
#undef T

#define T struct plan_below
static const struct field below_rows[] = {
	ROW(TEXT, path, "path", HEAD),
	ROW(BOOL, detach, "detach", HEAD),
};
const struct fields plan_below_fields = PLAN_TABLE_HEADED(below_rows, below_head);
#undef T

#define T struct plan_guard
static const struct field guard_rows[] = {
	ROW(TEXT, path, "path", HEAD),
	ROW(BOOL, masked, "masked", HEAD),
};
static const struct fields guard_fields = PLAN_TABLE_HEADED(guard_rows, guard_head);
#undef T

#define T struct plan_idmap
WHEN(has_map, it->uid_map != NULL)
WHEN(has_no_map, it->uid_map == NULL)

static void put_maps(const void *object, struct strbuf *out)
{
	const struct plan_idmap *idmap = object;

	strbuf_puts(out, "uid_map ");
	put_word(out, idmap->uid_map);
	strbuf_puts(out, " gid_map ");
	put_word(out, idmap->gid_map);
}

static const struct field idmap_rows[] = {
	ROW_ODD(uid_map, NULL, DETAIL, SHOWN(NULL, .when = has_map, .put = put_maps)),
	ROW(BOOL, given, NULL, DETAIL, SHOWN("ids of the container", .when = has_no_map)),
	ROW(BOOL, recursive, "recursive", DETAIL, LED("ids of all below it")),
	ROW(TEXT, uid_map, "uidMap", UNSHOWN),
	ROW(TEXT, gid_map, "gidMap", UNSHOWN),
};
static const struct fields idmap_fields = PLAN_TABLE(idmap_rows);
#undef T

/* --- a mount --- */

static const struct name_row mount_kind_names[] = {
	{ "bind", PLAN_MOUNT_BIND },
	{ "new", PLAN_MOUNT_FS },
	{ "view", PLAN_MOUNT_CGROUP },
	{ "remount", PLAN_MOUNT_REMOUNT },
	{ NULL, 0 },
};

static size_t attribute_words(const struct plan_mount *mount, const char *ret[2 * MOUNT_WORDS_MAX])
{
	size_t n = mount_attr_words(mount->attr_set, mount->attr_clear, false, ret);

	return n + mount_attr_words(mount->rec_attr_set, mount->rec_attr_clear, true, ret + n);
}

static const char *propagation_of(const struct plan_mount *mount, size_t i)
{
	return value_to_name(spec_propagation_names, (int64_t)mount->propagation.v[i]);
}

static void encode_attributes(const void *object, struct json_out *out)
{
	const char *words[2 * MOUNT_WORDS_MAX];
	size_t n = attribute_words(object, words);

	json_out_array(out);
	for (size_t i = 0; i < n; i++)
		json_out_string(out, words[i]);
	json_out_array_end(out);
}

static void encode_propagation(const void *object, struct json_out *out)
{
	const struct plan_mount *mount = object;

	json_out_array(out);
	for (size_t i = 0; i < mount->propagation.n; i++)
		json_out_string(out, propagation_of(mount, i));
	json_out_array_end(out);
}

/* With the propagation, as mount(8) takes them. */
static void put_attributes(const void *object, struct strbuf *out)
{
	const struct plan_mount *mount = object;
	const char *words[2 * MOUNT_WORDS_MAX];
	size_t n = attribute_words(mount, words);

	for (size_t i = 0; i < n; i++)
		strbuf_show(out, "%s%s", i > 0 ? " " : "", words[i]);
	for (size_t i = 0; i < mount->propagation.n; i++)
		strbuf_show(out, "%s%s", n + i > 0 ? " " : "", propagation_of(mount, i));
}

#define T struct plan_mount
WHEN(is_idmapped, it->idmap.given)
WHEN(has_source, it->source && !str_eq(it->source, it->fstype))

static const struct field mount_rows[] = {
	ROW(U32, index, "index", HEAD, LED("[%]")),
	ROW(BOOL, recursive, NULL, HEAD, LED("recursive")),
	ROW(ENUM, kind, "kind", HEAD, .names = mount_kind_names),
	ROW(TEXT, fstype, "type", HEAD),
	ROW(TEXT, source, "source", UNSHOWN),
	ROW(TEXT, source, NULL, HEAD, SHOWN("of", .when = has_source)),
	ROW(TEXT, destination, "destination", HEAD, LED("at")),
	ROW(BOOL, recursive, "recursive", UNSHOWN),
	ROW_ODD(attr_set, "attributes", DETAIL,
		SHOWN(NULL, .encode = encode_attributes, .put = put_attributes)),
	SHOWN_WITH(attr_clear, attr_set),
	SHOWN_WITH(rec_attr_set, attr_set),
	SHOWN_WITH(rec_attr_clear, attr_set),
	ROW_ODD(propagation, "propagation", UNSHOWN, SHOWN(NULL, .encode = encode_propagation)),
	ROW_LIST(struct plan_option, options, "data", DETAIL, LED("data"), .sub = &option_fields),
	ROW_STRUCT(struct plan_idmap, idmap, "idmap", DETAIL, SHOWN(NULL, .when = is_idmapped),
		   .sub = &idmap_fields),
	ROW(BOOL, source_nofollow, "sourceNoFollow", DETAIL, LED("of a symlink itself")),
	ROW(BOOL, destination_nofollow, "destinationNoFollow", DETAIL,
	    LED("onto a symlink itself")),
	ROW(BOOL, copy_symlink, "copySymlink", DETAIL, LED("a symlink is copied")),
	ROW(BOOL, copy_up, "copyUp", DETAIL, LED("copy up")),
	ROW(BOOL, systemd_v1, "systemdV1", DETAIL, LED("of name=systemd alone")),
	ROW(BOOL, dispensable, "dispensable", DETAIL, LED("left out where it has no place")),
	ROW(BOOL, whole_tree, "wholeTree", DETAIL, LED("of the host's tree")),
	ROW_IF_SET(BOOL, readonly_top, "readonlyTop", DETAIL,
		   LED("the hierarchies in it writable")),
	ROW(BOOL, readonly_late, "readonlyLate", DETAIL, LED("read-only after the devices")),
	ROW(BOOL, made_outside, "byParent", DETAIL, LED("made by the parent in the network")),
	ROW(TEXT, subtree, "subtree", DETAIL, LED("of the container's own")),
	ROW_LIST_IF_SET(struct plan_below, below, "below", DETAIL, .sub = &plan_below_fields),
	ROW_LIST_IF_SET(struct plan_guard, guards, "guards", DETAIL, .sub = &guard_fields),
	PLAN_HIDDEN(is_proc, "the type says it"),
	PLAN_HIDDEN(is_sysfs, "the type says it"),
	PLAN_HIDDEN(remounted, "a remount after it says it"),
	PLAN_HIDDEN(remounts, "the destination says it"),
	PLAN_HIDDEN(opened, "how the source is found, not what is mounted"),
	PLAN_HIDDEN(own_source, "how the source is judged, not what is mounted"),
	PLAN_HIDDEN(spare, "of a running container, whose mounts no plan shows"),
	PLAN_HIDDEN(lends, "the mount that has a part of it says it"),
	PLAN_HIDDEN(kernel, "how it is compared with the host's, not what is mounted"),
	PLAN_HIDDEN(stays_readonly, "a remount that would make it writable is refused"),
};
const struct fields plan_mount_fields = PLAN_TABLE(mount_rows);
#undef T

/* --- devices and links --- */

static const char *device_type(const struct plan_device *device)
{
	return device->type == S_IFCHR ? "c" : device->type == S_IFBLK ? "b" : "p";
}

static void encode_device_type(const void *object, struct json_out *out)
{
	json_out_string(out, device_type(object));
}

static void device_head(const void *object, struct strbuf *out)
{
	const struct plan_device *device = object;

	put_word(out, device->path);
	strbuf_show(out, " %s", device_type(device));
	if (device->type == S_IFCHR || device->type == S_IFBLK)
		strbuf_show(out, " %u:%u", device->major, device->minor);
	if (device->look_only)
		strbuf_puts(out, " as it is there");
	else
		strbuf_show(out, " mode %04o owner %u:%u%s%s", (unsigned)device->mode, device->uid,
			    device->gid, device->bind ? " bind" : "",
			    device->is_default ? " default" : "");
}

#define T struct plan_device
static const struct field device_rows[] = {
	ROW(TEXT, path, "path", HEAD),
	ROW_ODD(type, "type", HEAD, SHOWN(NULL, .encode = encode_device_type)),
	ROW(U32, major, "major", HEAD),
	ROW(U32, minor, "minor", HEAD),
	ROW(U32, mode, "fileMode", HEAD),
	ROW(U32, uid, "uid", HEAD),
	ROW(U32, gid, "gid", HEAD),
	ROW(BOOL, bind, "bind", HEAD),
	ROW(BOOL, is_default, "default", HEAD),
	ROW(BOOL, look_only, "there", HEAD),
	PLAN_HIDDEN(host_uid, "the same as uid, by the maps of the namespaces"),
	PLAN_HIDDEN(host_gid, "the same as gid, by the maps of the namespaces"),
	PLAN_HIDDEN(index, "for messages alone"),
};
const struct fields plan_device_fields = PLAN_TABLE_HEADED(device_rows, device_head);
#undef T

#define T struct plan_link
static const struct field link_rows[] = {
	ROW(TEXT, path, "path", HEAD),
	ROW(TEXT, target, "target", HEAD, LED("->")),
};
const struct fields plan_link_fields = PLAN_TABLE(link_rows);
#undef T
