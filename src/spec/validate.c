/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cross-field checks of config.json: what the specification's MUSTs say and the tables of fields cannot.
 * A list of small functions; every one looks at the whole configuration, none stops another.
 */
#include "base/auto.h"
#include "spec/check.h"

/* sethostname(2), setdomainname(2) */
#define UTS_NAME_MAX 64

static void check_root(struct check *c, const struct spec *spec)
{
	if (!spec->root)
		check_fail(c, "root: is missing");
	else
		check_path(c, "root.path", spec->root->path);
}

static void check_mount_mappings(struct check *c, const struct spec_mount *mount, size_t i)
{
	bool uids = mount->uid_mappings.n > 0, gids = mount->gid_mappings.n > 0;
	if (uids != gids)
		check_fail(c, "mounts[%zu]: uidMappings and gidMappings must be given together", i);
	check_id_mappings(c, check_name(c, "mounts[%zu].uidMappings", i), &mount->uid_mappings);
	check_id_mappings(c, check_name(c, "mounts[%zu].gidMappings", i), &mount->gid_mappings);
}

static void check_mounts(struct check *c, const struct spec *spec)
{
	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];
		/* Relative to '/' in the container since version 1.2, so not only absolute. */
		check_path(c, check_name(c, "mounts[%zu].destination", i), mount->destination);
		if (!str_empty(mount->source))
			check_path(c, check_name(c, "mounts[%zu].source", i), mount->source);
		check_mount_mappings(c, mount, i);
	}
}

static void check_uts_name(struct check *c, const struct spec *spec, const char *name,
			   const char *value)
{
	if (str_empty(value))
		return;
	if (strlen(value) > UTS_NAME_MAX)
		check_fail(c, "%s: is longer than %d bytes", name, UTS_NAME_MAX);
	if (!spec_namespace_find(spec, SPEC_NS_UTS))
		check_fail(c, "%s: needs a uts namespace", name);
}

static void check_names(struct check *c, const struct spec *spec)
{
	check_uts_name(c, spec, "hostname", spec->hostname);
	check_uts_name(c, spec, "domainname", spec->domainname);
}

static void check_hook_list(struct check *c, const char *name, const struct spec_hook_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct spec_hook *hook = &list->v[i];
		check_absolute_path(c, check_name(c, "hooks.%s[%zu].path", name, i), hook->path);
		check_environment(c, check_name(c, "hooks.%s[%zu].env", name, i), &hook->env);
		if (hook->timeout.set && hook->timeout.value <= 0)
			check_fail(c, "hooks.%s[%zu].timeout: must be greater than 0", name, i);
	}
}

static void check_hooks(struct check *c, const struct spec *spec)
{
	const struct spec_hooks *hooks = spec->hooks;
	if (!hooks)
		return;
	check_hook_list(c, "prestart", &hooks->prestart);
	check_hook_list(c, "createRuntime", &hooks->create_runtime);
	check_hook_list(c, "createContainer", &hooks->create_container);
	check_hook_list(c, "startContainer", &hooks->start_container);
	check_hook_list(c, "poststart", &hooks->poststart);
	check_hook_list(c, "poststop", &hooks->poststop);
}

/* config.md "Annotations": keys must not be empty, values may. */
static void check_annotations(struct check *c, const struct spec *spec)
{
	for (size_t i = 0; i < spec->annotations.n; i++)
		if (str_empty(spec->annotations.v[i].key))
			check_fail(c, "annotations: a key must not be empty");
}

static void check_process_part(struct check *c, const struct spec *spec)
{
	if (!spec->process)
		return;
	c->at = "process.";
	check_process(c, spec->process);
	c->at = "";
}

static void check_linux_part(struct check *c, const struct spec *spec)
{
	if (!spec->linux_)
		return;
	c->at = "linux.";
	check_linux(c, spec);
	c->at = "";
}

static void (*const spec_checks[])(struct check *c, const struct spec *spec) = {
	check_root,        check_mounts,       check_names,      check_hooks,
	check_annotations, check_process_part, check_linux_part,
};

int spec_validate(const struct spec *spec, const char *source_name, struct err *e)
{
	struct check c = { .source_name = source_name, .spec = spec, .at = "" };
	for (size_t i = 0; i < ARRAY_SIZE(spec_checks); i++)
		spec_checks[i](&c, spec);
	return check_finish(&c, e);
}

int spec_validate_process(const struct spec_process *process, const char *source_name,
			  struct err *e)
{
	struct check c = { .source_name = source_name, .at = "" };
	check_process(&c, process);
	return check_finish(&c, e);
}

int spec_validate_resources(const struct spec_resources *resources, const char *source_name,
			    struct err *e)
{
	struct check c = { .source_name = source_name, .at = "" };
	check_resources(&c, resources);
	return check_finish(&c, e);
}

int spec_validate_mounts(const struct spec *spec, const char *source_name, struct err *e)
{
	struct check c = { .source_name = source_name, .at = "" };
	check_mounts(&c, spec);
	return check_finish(&c, e);
}

int spec_validate_intel_rdt(const struct spec_intel_rdt *rdt, const char *source_name,
			    struct err *e)
{
	struct check c = { .source_name = source_name, .at = "" };
	check_rdt(&c, rdt);
	return check_finish(&c, e);
}
