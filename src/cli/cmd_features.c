/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `features` (features.md, features-linux.md): what a configuration may ask for. Everything is read off the
 * tables that decide it, so that nothing is promised that would be refused.
 */
#include "address/address.h"
#include "base/capabilities.h"
#include "cli/cli.h"
#include "criu/criu.h"
#include "facts/facts.h"
#include "hooks/hooks.h"
#include "plan/make.h"
#include "seccomp/program.h"
#include "sys/caps.h"

/* Made by make; a program that is built without it tells no commit. */
#if __has_include("cli/commit.h")
#include "cli/commit.h"
#endif

#define CAP_NUMBERS 64

static void put_names(struct json_out *out, const char *key, const struct name_row *names)
{
	json_out_key(out, key);
	json_out_array(out);
	for (; names->name; names++)
		json_out_string(out, names->name);
	json_out_array_end(out);
}

static void put_list(struct json_out *out, const char *key, const struct strlist *list)
{
	json_out_key(out, key);
	json_out_array(out);
	for (size_t i = 0; i < list->n; i++)
		json_out_string(out, list->v[i]);
	json_out_array_end(out);
}

static void put_enabled(struct json_out *out, const char *key)
{
	json_out_key(out, key);
	json_out_object(out);
	json_out_member_bool(out, "enabled", true);
	json_out_object_end(out);
}

static void put_hooks(struct json_out *out)
{
	/* in the order in which they run (runtime.md "Lifecycle") */
	static const char *const hooks[] = {
		"prestart",       "createRuntime", "createContainer",
		"startContainer", "poststart",     "poststop",
	};

	json_out_key(out, "hooks");
	json_out_array(out);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		json_out_string(out, hooks[i]);
	json_out_array_end(out);
}

static void put_mount_options(struct json_out *out)
{
	json_out_key(out, "mountOptions");
	json_out_array(out);
	for (size_t i = 0; plan_mount_option_name(i); i++)
		json_out_string(out, plan_mount_option_name(i));
	json_out_array_end(out);
}

/* What this kernel knows and this program has a name for. */
static void put_capabilities(struct json_out *out)
{
	json_out_key(out, "capabilities");
	json_out_array(out);
	for (int i = 0; i <= caps_last() && i < CAP_NUMBERS; i++)
		if (cap_name_of(i))
			json_out_string(out, cap_name_of(i));
	json_out_array_end(out);
}

static void put_cgroup(struct json_out *out)
{
#ifdef HAVE_SYSTEMD
	const bool has_systemd = true;
#else
	const bool has_systemd = false;
#endif

	json_out_key(out, "cgroup");
	json_out_object(out);
	json_out_member_bool(out, "v1", true);
	json_out_member_bool(out, "v2", true);
	json_out_member_bool(out, "systemd", has_systemd);
	json_out_member_bool(out, "systemdUser", has_systemd);
	json_out_member_bool(out, "rdma", true);
	json_out_object_end(out);
}

static void put_seccomp(struct json_out *out, struct arena *arena)
{
	struct seccomp_features features;

	seccomp_features(arena, &features);
	json_out_key(out, "seccomp");
	json_out_object(out);
	json_out_member_bool(out, "enabled", true);
	put_list(out, "actions", &features.actions);
	put_list(out, "operators", &features.operators);
	put_list(out, "archs", &features.archs);
	put_list(out, "knownFlags", &features.known_flags);
	put_list(out, "supportedFlags", &features.supported_flags);
	json_out_object_end(out);
}

static void put_intel_rdt(struct json_out *out)
{
	json_out_key(out, "intelRdt");
	json_out_object(out);
	json_out_member_bool(out, "enabled", true);
	json_out_member_bool(out, "schemata", true);
	json_out_member_bool(out, "monitoring", true);
	json_out_object_end(out);
}

static void put_memory_policy(struct json_out *out)
{
	json_out_key(out, "memoryPolicy");
	json_out_object(out);
	put_names(out, "modes", spec_memory_policy_mode_names);
	put_names(out, "flags", spec_memory_policy_flag_names);
	json_out_object_end(out);
}

static void put_linux(struct json_out *out, struct arena *arena)
{
	json_out_key(out, "linux");
	json_out_object(out);
	put_names(out, "namespaces", spec_ns_names);
	put_capabilities(out);
	put_cgroup(out);
	put_seccomp(out, arena);
	put_enabled(out, "apparmor");
	put_enabled(out, "selinux");
	put_intel_rdt(out);
	put_memory_policy(out);
	json_out_key(out, "mountExtensions");
	json_out_object(out);
	put_enabled(out, "idmap");
	json_out_object_end(out);
	put_enabled(out, "netDevices");
	json_out_object_end(out);
}

/* Those that --network may name. A policy that cannot be read is told where something is made. */
static const char *networks_text(const char *policy_path, struct arena *arena)
{
	struct policy_source source;
	autostrbuf text = { 0 };
	struct err ignored;

	if (policy_load(policy_path, arena, &source, &ignored) < 0)
		return NULL;
	strbuf_puts(&text, POLICY_NETWORK_DEFAULT);
	for (size_t i = 0; i < source.policy->networks.n; i++)
		if (source.policy->networks.v[i].selectable.value)
			strbuf_show(&text, ",%s", source.policy->networks.v[i].name);
	return arena_strdup(arena, strbuf_text(&text));
}

static void put_annotations(struct json_out *out, const struct global_options *global,
			    struct arena *arena)
{
	const char *networks = networks_text(global->policy_path, arena);
	struct address_support support;
	const char *program;
	struct err ignored;

	json_out_key(out, "annotations");
	json_out_object(out);
	json_out_member_string(out, "io.github.distro-shim.version", PACKAGE_VERSION);
#ifdef DISTRO_SHIM_COMMIT
	json_out_member_string(out, "io.github.distro-shim.commit", DISTRO_SHIM_COMMIT);
#endif
	json_out_member_string(out, "io.github.seccomp.libseccomp.version",
			       seccomp_library_version(arena));
	/* the name under which engines look it up, whatever the runtime */
	json_out_member_string(out, "org.opencontainers.runc.checkpoint.enabled",
			       criu_find(global->criu, arena, &program, &ignored) < 0 ? "false"
										      : "true");
	if (networks)
		json_out_member_string(out, "io.github.distro-shim.networks", networks);
	address_probe(&support);
	json_out_member_string(out, "io.github.distro-shim.ownAddresses",
			       support.programs ? "true" : support.why.text);
	json_out_member_string(out, "io.github.distro-shim.sourceFence",
			       support.fence ? "true" : "false");
	json_out_object_end(out);
	json_out_key(out, "potentiallyUnsafeConfigAnnotations");
	json_out_array(out);
	for (size_t i = 0; i < ANNOTATION_COUNT; i++)
		if (annotation_rows[i].flags & ANNOTATION_UNSAFE)
			json_out_string(out, annotation_rows[i].name);
	json_out_array_end(out);
}

static int run_features(const struct cli_call *call, struct err *e)
{
	auto_json_out out = json_out_new(true);

	json_out_object(out);
	json_out_member_string(out, "ociVersionMin", "1.0.0");
	json_out_member_string(out, "ociVersionMax", CLI_OCI_VERSION);
	put_hooks(out);
	put_mount_options(out);
	put_linux(out, call->arena);
	put_annotations(out, &call->global, call->arena);
	json_out_object_end(out);
	return cli_output_json(out, e);
}

const struct cli_command cmd_features = {
	.name = "features",
	.stays_outside = true,
	.summary = "show what a configuration may ask for, as JSON",
	.arguments = "",
	.run = run_features,
};
