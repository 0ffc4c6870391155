/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json, top level: one row per property, in the order of config.md.
 */
#include "base/auto.h"
#include "spec/spec.h"
#include "spec/tables.h"

static const struct field root_rows[] = {
	FIELD(struct spec_root, STRING, path, "path", FIELD_REQUIRED),
	FIELD(struct spec_root, BOOL, readonly, "readonly", 0),
};
static const struct fields root_fields = FIELDS("struct spec_root", struct spec_root, root_rows, 0);

static const struct field mount_rows[] = {
	FIELD(struct spec_mount, STRING, destination, "destination", FIELD_REQUIRED),
	FIELD(struct spec_mount, STRING, type, "type", 0),
	FIELD(struct spec_mount, STRING, source, "source", 0),
	FIELD(struct spec_mount, STRLIST, options, "options", 0),
	FIELD_LIST_ROW(struct spec_mount, uid_mappings, struct spec_id_mapping, "uidMappings", 0,
		       &spec_id_mapping_fields),
	FIELD_LIST_ROW(struct spec_mount, gid_mappings, struct spec_id_mapping, "gidMappings", 0,
		       &spec_id_mapping_fields),
};
const struct fields spec_mount_fields =
	FIELDS("struct spec_mount", struct spec_mount, mount_rows, 0);

static const struct field hook_rows[] = {
	FIELD(struct spec_hook, STRING, path, "path", FIELD_REQUIRED),
	FIELD(struct spec_hook, STRLIST, args, "args", 0),
	FIELD(struct spec_hook, STRLIST, env, "env", 0),
	FIELD(struct spec_hook, OPT_I64, timeout, "timeout", 0),
};
static const struct fields hook_fields = FIELDS("struct spec_hook", struct spec_hook, hook_rows, 0);

#define HOOK_LIST(member, name) \
	FIELD_LIST_ROW(struct spec_hooks, member, struct spec_hook, name, 0, &hook_fields)
static const struct field hooks_rows[] = {
	HOOK_LIST(prestart, "prestart"),
	HOOK_LIST(create_runtime, "createRuntime"),
	HOOK_LIST(create_container, "createContainer"),
	HOOK_LIST(start_container, "startContainer"),
	HOOK_LIST(poststart, "poststart"),
	HOOK_LIST(poststop, "poststop"),
};
static const struct fields hooks_fields =
	FIELDS("struct spec_hooks", struct spec_hooks, hooks_rows, 0);

static const struct field spec_rows[] = {
	FIELD(struct spec, STRING, oci_version, "ociVersion", FIELD_REQUIRED),
	FIELD_OBJECT_ROW(struct spec, root, struct spec_root, "root", 0, &root_fields),
	FIELD_LIST_ROW(struct spec, mounts, struct spec_mount, "mounts", 0, &spec_mount_fields),
	FIELD_OBJECT_ROW(struct spec, process, struct spec_process, "process", 0,
			 &spec_process_fields),
	FIELD(struct spec, STRING, hostname, "hostname", 0),
	FIELD(struct spec, STRING, domainname, "domainname", 0),
	FIELD_OBJECT_ROW(struct spec, hooks, struct spec_hooks, "hooks", 0, &hooks_fields),
	FIELD(struct spec, STRMAP, annotations, "annotations", 0),
	FIELD_OBJECT_ROW(struct spec, linux_, struct spec_linux, "linux", 0, &spec_linux_fields),
};
const struct fields spec_fields = FIELDS("struct spec", struct spec, spec_rows, 0);

const struct spec_unsupported_property spec_unsupported[] = {
	{ "freebsd", "another system (config-freebsd.md)" },
	{ "solaris", "another system (config-solaris.md)" },
	{ "vm", "a virtual machine (config-vm.md)" },
	{ "windows", "another system (config-windows.md)" },
	{ "zos", "another system (config-zos.md)" },
	{ "process.commandLine", "config.md: for Windows; must be ignored elsewhere" },
	{ "process.user.username", "config.md: of the Windows form of user" },
	{ NULL, NULL },
};
