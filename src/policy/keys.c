/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the policy file, one row each: what it is called and where it is kept, what holds if a file leaves it
 * out, which values it takes, and what it is for. From the rows come the decoder, the built-in policy, `policy keys`,
 * and by `make policy-docs` the schema, contrib/policy.json and the list in the manual. The tables are closed: a key
 * that is not here is a spelling mistake of the administrator, and must not be taken for a rule that holds. Pure.
 */
#include "base/auto.h"
#include "base/capabilities.h"
#include "base/fields_check.h"
#include "base/path.h"
#include "policy/policy.h"
#include "policy/sysctl.h"

/* Seconds. Long enough for hooks that pull an image or wait for a network. */
#define HOOK_TIMEOUT 240

#define AS_JSON_(number) #number
#define AS_JSON(number) AS_JSON_(number)

static const struct name_row mode_names[] = {
	{ "enforce", POLICY_ENFORCE },
	{ "observe", POLICY_OBSERVE },
	{ NULL, 0 },
};
static const struct name_row requested_names[] = {
	{ "rewrite", POLICY_REWRITE },
	{ "refuse", POLICY_REFUSE },
	{ NULL, 0 },
};
static const struct name_row requested_new_names[] = {
	{ "late", POLICY_LATE },
	{ "refuse", POLICY_REFUSE },
	{ "keep", POLICY_KEEP },
	{ NULL, 0 },
};
static const struct name_row lock_names[] = {
	{ "open", POLICY_LOCK_OPEN },
	{ "strict", POLICY_LOCK_STRICT },
	{ NULL, 0 },
};
static const struct name_row abstract_socket_names[] = {
	{ "shared", POLICY_SOCKETS_SHARED },
	{ "isolated", POLICY_SOCKETS_ISOLATED },
	{ NULL, 0 },
};
static const struct name_row overlap_names[] = {
	{ "refused", POLICY_OVERLAP_REFUSED },
	{ "open", POLICY_OVERLAP_OPEN },
	{ NULL, 0 },
};
static const struct name_row pid_names[] = {
	{ "fresh", POLICY_FRESH },
	{ "isolated", POLICY_ISOLATED },
	{ NULL, 0 },
};
static const struct name_row mount_names[] = {
	{ "fresh", POLICY_FRESH },
	{ NULL, 0 },
};
static const struct name_row isolated_names[] = {
	{ "isolated", POLICY_ISOLATED },
	{ "fresh", POLICY_FRESH },
	{ "requested", POLICY_REQUESTED },
	{ NULL, 0 },
};
static const struct name_row time_names[] = {
	{ "requested", POLICY_REQUESTED },
	{ NULL, 0 },
};
static const struct name_row kernel_mount_names[] = {
	{ "own", POLICY_KERNEL_OWN },
	{ "requested", POLICY_KERNEL_REQUESTED },
	{ NULL, 0 },
};
static const struct name_row proc_sys_names[] = {
	{ "read-only", POLICY_REWRITE },
	{ "requested", POLICY_REQUESTED },
	{ NULL, 0 },
};
static const struct name_row privileged_names[] = {
	{ "allow", POLICY_PRIVILEGED_ALLOW },
	{ "strip", POLICY_PRIVILEGED_STRIP },
	{ "refuse", POLICY_PRIVILEGED_REFUSE },
	{ NULL, 0 },
};
static const struct name_row hostname_names[] = {
	{ "requested", POLICY_HOSTNAME_REQUESTED },
	{ "id", POLICY_HOSTNAME_ID },
	{ NULL, 0 },
};

/* --- checks --- */

static bool is_absolute(const char *path)
{
	return path && path[0] == '/';
}

static int check_network(const struct field_value *value, struct err *e)
{
	const char *path = *(char *const *)value->member;

	if (str_eq(path, "self") || str_eq(path, "requested") || is_absolute(path))
		return 0;
	return json_fail(value->source, value->at, e,
			 "%s: must be an absolute path, \"self\" or \"requested\", is \"%s\"",
			 value->path, path);
}
static const struct field_check network_check = {
	.run = check_network,
	.schema = "{\"pattern\": \"^(/.*|self|requested)$\"}",
	.values = "a path, \"self\", \"requested\"",
};

static int check_sysctls(const struct field_value *value, struct err *e)
{
	const struct strlist_or_word *sysctls = value->member;
	const char *word = sysctls->word;

	if (word && !str_eq(word, "drop") && !str_eq(word, "refuse"))
		return json_fail(value->source, value->at, e,
				 "%s: must be \"drop\", \"refuse\" or a list of names, is \"%s\"",
				 value->path, word);
	for (size_t i = 0; i < sysctls->list.n; i++)
		if (sysctl_kind(sysctls->list.v[i], value->arena) != SYSCTL_NETWORK)
			return json_fail(value->source, value->at, e,
					 "%s[%zu]: \"%s\" is not the name of a net.* sysctl",
					 value->path, i, sysctls->list.v[i]);
	return 0;
}
static const struct field_check sysctls_check = {
	.run = check_sysctls,
	.schema = "{\"oneOf\": [{\"type\": \"string\", \"enum\": [\"drop\", \"refuse\"]}, "
		  "{\"type\": \"array\", \"items\": {\"type\": \"string\", \"pattern\": "
		  "\"^net[./].+$\"}}]}",
	.values = "\"drop\", \"refuse\", a list of names",
};

static int check_file_choice(const struct field_value *value, struct err *e)
{
	const char *choice = *(char *const *)value->member;

	if (str_eq(choice, "auto") || str_eq(choice, "engine") || is_absolute(choice))
		return 0;
	return json_fail(value->source, value->at, e,
			 "%s: must be \"auto\", \"engine\" or an absolute path, is \"%s\"",
			 value->path, choice);
}
static const struct field_check file_choice_check = {
	.run = check_file_choice,
	.schema = "{\"pattern\": \"^(/.*|auto|engine)$\"}",
	.values = "\"auto\", \"engine\", a path",
};

static int check_user(const struct field_value *value, struct err *e)
{
	const struct json_value *user = value->at;

	if (user->kind == JSON_STRING && str_eq(user->text, "requested"))
		return 0;
	if (json_get(user, "auto"))
		return field_fail_not_yet(value, "auto", e);
	return json_fail(value->source, user, e, "%s: must be \"requested\"", value->path);
}
static const struct field_check user_check = {
	.run = check_user,
	.schema = "{\"type\": \"string\", \"enum\": [\"requested\"]}",
	.later = (const char *const[]){ "auto", NULL },
	.values = "\"requested\"",
};

static int check_seconds(const struct field_value *value, struct err *e)
{
	const struct opt_u32 *seconds = value->member;

	if (seconds->value > 0)
		return 0;
	return json_fail(value->source, value->at, e,
			 "%s: must be a number of seconds above 0, is 0", value->path);
}
static const struct field_check seconds_check = {
	.run = check_seconds,
	.schema = "{\"minimum\": 1}",
	.values = "seconds",
};

static int check_clean_path(const struct field_value *value, struct err *e)
{
	const char *path = *(char *const *)value->member;

	if (is_absolute(path) && path[1] && str_eq(path_clean_in(value->arena, path), path))
		return 0;
	return json_fail(
		value->source, value->at, e,
		"%s: must be an absolute path below / without \".\", \"..\" and \"//\", is \"%s\"",
		value->path, path);
}
static const struct field_check share_source_check = {
	.run = check_clean_path,
	.schema = "{\"pattern\": \"^/.\"}",
};

static int check_share_destination(const struct field_value *value, struct err *e)
{
	static const char *const others[] = { "/proc", "/sys", "/dev" };
	const char *path = *(char *const *)value->member;

	if (check_clean_path(value, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		if (clean_path_is_below(path, others[i]))
			return json_fail(value->source, value->at, e,
					 "%s: must not be in %s, is \"%s\"", value->path, others[i],
					 path);
	return 0;
}
static const struct field_check share_destination_check = {
	.run = check_share_destination,
	.schema = "{\"pattern\": \"^/.\"}",
};

static int check_shares(const struct field_value *value, struct err *e)
{
	const struct policy *policy =
		(const void *)((const char *)value->member - offsetof(struct policy, share));
	const struct json_value *at = value->at->first;

	for (size_t i = 0; at && i < policy->share.n; i++, at = at->next)
		for (size_t k = 0; k < i; k++)
			if (str_eq(policy->share.v[i].destination, policy->share.v[k].destination))
				return json_fail(value->source, at, e,
						 "%s[%zu].destination: is that of %s[%zu], too",
						 value->path, i, value->path, k);
	return 0;
}
static const struct field_check share_check = {
	.run = check_shares,
	.values = "a list of objects with source and destination",
};

static int check_capabilities(const struct field_value *value, struct err *e)
{
	const struct strlist *names = value->member;
	const struct json_value *at = value->at->first;

	for (size_t i = 0; at && i < names->n; i++, at = at->next)
		if (cap_number(names->v[i]) < 0 &&
		    !str_eq_nocase(names->v[i], POLICY_CAPABILITIES_ALL))
			return json_fail(
				value->source, at, e,
				"%s[%zu]: must be the name of a capability or \"ALL\", is \"%s\"",
				value->path, i, names->v[i]);
	return 0;
}
static const struct field_check capabilities_check = {
	.run = check_capabilities,
	.schema = "{\"items\": {\"type\": \"string\", \"pattern\": \"^[A-Za-z_]+$\"}}",
	.values = "a list of capabilities, [\"ALL\"]",
};

/* Names of the host: a relative one would depend on where the runtime is started. */
static int check_paths(const struct field_value *value, struct err *e)
{
	const struct strlist *paths = value->member;

	for (size_t i = 0; i < paths->n; i++)
		if (!is_absolute(paths->v[i]))
			return json_fail(value->source, value->at, e,
					 "%s[%zu]: must be an absolute path, is \"%s\"",
					 value->path, i, paths->v[i]);
	return 0;
}
static const struct field_check paths_check = {
	.run = check_paths,
	.schema = "{\"items\": {\"type\": \"string\", \"pattern\": \"^/\"}}",
	.values = "a list of absolute paths",
};

/* policy_read() looks at it before anything else. */
static const struct field_check version_check = {
	.schema = "{\"minimum\": " AS_JSON(POLICY_VERSION) ", \"maximum\": " AS_JSON(
		POLICY_VERSION) "}",
	.values = AS_JSON(POLICY_VERSION),
};

static const struct field_check lock_check = {
	.later = (const char *const[]){ "strict", NULL },
};
static const struct field_check abstract_sockets_check = {
	.later = (const char *const[]){ "isolated", NULL },
};

/* --- keys --- */

#define SAID(preset_, check_, doc_) \
	(&(const struct field_key){ .preset = (preset_), .check = (check_), .doc = (doc_) })
/* No key takes an empty text. */
#define KEY(type, kind_, member, name_, preset_, check_, doc_)                                 \
	{                                                                                      \
		.name = (name_), .kind = FIELD_##kind_,                                        \
		.flags = FIELD_IS_KEY | (FIELD_##kind_ == FIELD_STRING ? FIELD_NOT_EMPTY : 0), \
		.offset = FIELD_CHECKED_OFFSET(type, member, FIELD_TYPE_##kind_),              \
		.key = SAID(preset_, check_, doc_)                                             \
	}
#define KEY_WORD(type, member, name_, names_, preset_, check_, doc_)                  \
	{                                                                             \
		.name = (name_), .kind = FIELD_ENUM, .flags = FIELD_IS_KEY,           \
		.offset = FIELD_CHECKED_OFFSET(type, member, int), .names = (names_), \
		.key = SAID(preset_, check_, doc_)                                    \
	}
#define KEY_GROUP(type, member, subtype_, name_, sub_, doc_)                             \
	{                                                                                \
		.name = (name_), .kind = FIELD_OBJECT, .flags = FIELD_IS_KEY,            \
		.offset = FIELD_CHECKED_OFFSET(type, member, subtype_ *), .sub = (sub_), \
		.key = SAID(NULL, NULL, doc_)                                            \
	}
/* Accepted without effect it would be believed: so it is an error that says its name. */
#define KEY_NOT_YET(type, member, name_, doc_)                                             \
	{                                                                                  \
		.name = (name_), .kind = FIELD_RAW, .flags = FIELD_IS_KEY | FIELD_NOT_YET, \
		.offset = FIELD_CHECKED_OFFSET(type, member, struct json_value *),         \
		.key = SAID(NULL, NULL, doc_)                                              \
	}
#define KEYS(type, rows) FIELDS(#type, type, rows, FIELDS_CLOSED)

/* Of an element of a list of objects, which has no default. */
#define KEY_OF_ELEMENT(type, member, name_, check_, doc_)                 \
	{                                                                 \
		.name = (name_), .kind = FIELD_STRING,                    \
		.flags = FIELD_IS_KEY | FIELD_REQUIRED | FIELD_NOT_EMPTY, \
		.offset = FIELD_CHECKED_OFFSET(type, member, char *),     \
		.key = SAID(NULL, check_, doc_)                           \
	}

static const struct field requested_rows[] = {
	KEY_WORD(struct policy_requested, host, "host", requested_names, "\"rewrite\"", NULL,
		 "What becomes of a request for the host's network: no entry, or its path."),
	KEY_WORD(struct policy_requested, path, "path", requested_names, "\"rewrite\"", NULL,
		 "What becomes of a request for another network by its path."),
	KEY_WORD(struct policy_requested, new_, "new", requested_new_names, "\"late\"", NULL,
		 "What becomes of a request for a new network: an entry without a path."),
};
static const struct fields requested_fields = KEYS(struct policy_requested, requested_rows);

static const struct field network_rows[] = {
	KEY(struct policy_network, STRING, namespace_, "namespace", "\"/run/netns/distros\"",
	    &network_check,
	    "The network of all containers: a path; self: the namespace that the runtime is in; requested: every container keeps what it asks for."),
	KEY_GROUP(struct policy_network, requested, struct policy_requested, "requested",
		  &requested_fields, "What becomes of a request for another network."),
	KEY(struct policy_network, OPT_BOOL, allow_host, "allowHost", "false", NULL,
	    "Whether the host's own network may be the shared one, or be kept."),
	KEY(struct policy_network, OPT_BOOL, admin, "admin", "false", NULL,
	    "Whether containers keep CAP_NET_ADMIN and CAP_NET_RAW."),
	KEY(struct policy_network, STRING_OR_STRLIST, sysctls, "sysctls", "\"drop\"",
	    &sysctls_check,
	    "What becomes of net.* sysctls; a list names those that are allowed, the others are dropped."),
	KEY_WORD(struct policy_network, lock, "lock", lock_names, "\"open\"", &lock_check,
		 "open: a container may leave for a network of its own."),
	KEY_WORD(struct policy_network, abstract_sockets, "abstractSockets", abstract_socket_names,
		 "\"shared\"", &abstract_sockets_check,
		 "shared: abstract unix sockets are seen by all containers."),
	KEY_WORD(
		struct policy_network, peer_descriptors, "peerDescriptors", peer_descriptor_names,
		"\"refused\"", NULL,
		"refused: no process takes a descriptor out of another one (pidfd_getfd) or gets a pidfd by a socket or a file handle, except in a container with CAP_SYS_PTRACE."),
	KEY(struct policy_network, STRING, resolv_conf, "resolvConf", "\"auto\"",
	    &file_choice_check,
	    "auto: the network's own /etc/resolv.conf in place of one that was made for another network; engine: as the engine says; or a file."),
	KEY(struct policy_network, STRING, hosts, "hosts", "\"auto\"", &file_choice_check,
	    "Like network.resolvConf, for /etc/hosts."),
	KEY_NOT_YET(struct policy_network, ports, "ports", "TCP ports that may be bound."),
};
static const struct fields network_fields = KEYS(struct policy_network, network_rows);

static const struct field namespaces_rows[] = {
	KEY_WORD(struct policy_namespaces, pid, "pid", pid_names, "\"fresh\"", NULL,
		 "Namespace of processes."),
	KEY_WORD(struct policy_namespaces, mount, "mount", mount_names, "\"fresh\"", NULL,
		 "Namespace of mounts."),
	KEY_WORD(struct policy_namespaces, ipc, "ipc", isolated_names, "\"isolated\"", NULL,
		 "Namespace of System V IPC and POSIX message queues."),
	KEY_WORD(struct policy_namespaces, uts, "uts", isolated_names, "\"isolated\"", NULL,
		 "Namespace of the host name."),
	KEY_WORD(struct policy_namespaces, cgroup, "cgroup", isolated_names, "\"isolated\"", NULL,
		 "Namespace of control groups: the view of them."),
	KEY(struct policy_namespaces, RAW, user, "user", "\"requested\"", &user_check,
	    "Namespace of user and group ids."),
	KEY_WORD(struct policy_namespaces, time, "time", time_names, "\"requested\"", NULL,
		 "Namespace of clocks."),
};
static const struct fields namespaces_fields = KEYS(struct policy_namespaces, namespaces_rows);

static const struct field capabilities_rows[] = {
	KEY(struct policy_capabilities, STRLIST, remove, "remove", "[]", &capabilities_check,
	    "Capabilities that no process of a container gets, whatever it asks for."),
};
static const struct fields capabilities_fields =
	KEYS(struct policy_capabilities, capabilities_rows);

static const struct field share_rows[] = {
	KEY_OF_ELEMENT(struct policy_share, source, "source", &share_source_check,
		       "The directory of the host."),
	KEY_OF_ELEMENT(struct policy_share, destination, "destination", &share_destination_check,
		       "Where containers see it."),
};
static const struct fields share_fields = KEYS(struct policy_share, share_rows);

static const struct field cgroup_rows[] = {
	KEY_WORD(
		struct policy_cgroup, overlap, "overlap", overlap_names, "\"refused\"", NULL,
		"What becomes of a control group that is another container's, contains it or lies in it."),
};
static const struct fields cgroup_fields = KEYS(struct policy_cgroup, cgroup_rows);

static const struct field hooks_rows[] = {
	KEY(struct policy_hooks, STRLIST, output, "output", "[]", &paths_check,
	    "Directories of the host in which annotations may place the output of hooks, beside the bundle."),
	KEY(struct policy_hooks, OPT_U32, timeout, "timeout", AS_JSON(HOOK_TIMEOUT), &seconds_check,
	    "Seconds that a hook without a timeout of its own may take."),
};
static const struct fields hooks_fields = KEYS(struct policy_hooks, hooks_rows);

static const struct field criu_rows[] = {
	KEY(struct policy_criu, STRLIST, config, "config", "[]", &paths_check,
	    "Configuration files of criu that an annotation may name, beside those in the bundle."),
};
static const struct fields criu_fields = KEYS(struct policy_criu, criu_rows);

static const struct field policy_rows[] = {
	{
		.name = "version",
		.kind = FIELD_I64,
		.flags = FIELD_IS_KEY | FIELD_REQUIRED,
		.offset = FIELD_CHECKED_OFFSET(struct policy, version, int64_t),
		.key = SAID(AS_JSON(POLICY_VERSION), &version_check, "The version of this format."),
	},
	KEY_WORD(struct policy, mode, "mode", mode_names, "\"enforce\"", NULL,
		 "observe computes and records every decision and changes nothing."),
	KEY_GROUP(struct policy, network, struct policy_network, "network", &network_fields,
		  "The network namespace that all containers share, and what may be done in it."),
	KEY_GROUP(
		struct policy, namespaces, struct policy_namespaces, "namespaces",
		&namespaces_fields,
		"The other namespaces. fresh: a new one always; isolated: a new one or another container's, never the host's; requested: as the config says."),
	KEY_WORD(struct policy, proc_sys, "procSys", proc_sys_names, "\"read-only\"", NULL,
		 "read-only: /proc/sys joins linux.readonlyPaths."),
	KEY_WORD(
		struct policy, kernel_mounts, "kernelMounts", kernel_mount_names, "\"own\"", NULL,
		"own: procfs, sysfs, cgroup and other file systems of the kernel that come from the host or lie in the image become the container's own, or read-only."),
	KEY_WORD(
		struct policy, privileged, "privileged", privileged_names, "\"allow\"", NULL,
		"What becomes of a container with CAP_SYS_ADMIN and its like or with devices of the host: allow says so in a decision; strip takes them away; refuse makes no such container."),
	KEY_WORD(struct policy, hostname, "hostname", hostname_names, "\"requested\"", NULL,
		 "requested: the host name that the config has; id: the container's id."),
	KEY_GROUP(struct policy, capabilities, struct policy_capabilities, "capabilities",
		  &capabilities_fields, "A ceiling for capabilities."),
	{
		.name = "share",
		.kind = FIELD_LIST,
		.flags = FIELD_IS_KEY,
		.offset = FIELD_CHECKED_OFFSET(struct policy, share.v, struct policy_share *) -
			  offsetof(struct strlist, v),
		.sub = &share_fields,
		.key = SAID("[]", &share_check,
			    "Directories of the host that every container sees."),
	},
	KEY_GROUP(struct policy, cgroup, struct policy_cgroup, "cgroup", &cgroup_fields,
		  "Control groups."),
	KEY_GROUP(struct policy, hooks, struct policy_hooks, "hooks", &hooks_fields,
		  "Hooks of the runtime."),
	KEY_GROUP(struct policy, criu, struct policy_criu, "criu", &criu_fields,
		  "Checkpoint and restore."),
	KEY_NOT_YET(struct policy, systemd, "systemd", "What systemd needs in a container."),
	KEY_NOT_YET(struct policy, audit, "audit", "Where decisions are logged."),
	KEY_NOT_YET(struct policy, distros, "distros", "Exceptions for single containers."),
};
const struct fields policy_fields = KEYS(struct policy, policy_rows);

uint32_t policy_hook_timeout(const struct policy *policy)
{
	const struct policy_hooks *hooks = policy ? policy->hooks : NULL;

	return hooks && hooks->timeout.set ? hooks->timeout.value : HOOK_TIMEOUT;
}
