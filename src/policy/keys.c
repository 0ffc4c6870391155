/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the policy file, one row each: what it is called and where it is kept, what holds if a file leaves it
 * out, which values it takes, and what it is for. From the rows come the decoder, the built-in policy, `policy keys`,
 * and by `make policy-docs` the schema, contrib/policy.json and the list in the manual. The tables are closed: a key
 * that is not here is a spelling mistake of the administrator, and must not be taken for a rule that holds. Pure.
 */
#include "base/auto.h"
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

#define CLEAN_PATH "(/([^/.]|\\\\.[^/.]|\\\\.\\\\.[^/])[^/]*)+"

/* By the names that they have, so that what is below one of them is plain; a slash may end a directory's. */
static int check_places(const struct field_value *value, struct err *e)
{
	const struct strlist *places = value->member;

	for (size_t i = 0; i < places->n; i++) {
		const char *place = places->v[i];
		size_t length = strlen(place);
		autofree char *inside = NULL;

		if (str_eq(place, "/"))
			continue;
		if (is_absolute(place))
			inside = strndup(place + 1, length - 1 - (place[length - 1] == '/'));
		if (!inside || path_has_detour(inside))
			return json_fail(
				value->source, value->at, e,
				"%s[%zu]: must be an absolute path without \".\" and \"..\", is \"%s\"",
				value->path, i, place);
	}
	return 0;
}
static const struct field_check places_check = {
	.run = check_places,
	.schema = "{\"items\": {\"type\": \"string\", \"pattern\": \"^(/|" CLEAN_PATH "/?)$\"}}",
	.values = "a list of absolute paths",
};

/* A file by the one name that it has on the host. */
static bool is_audit_target(const char *to)
{
	return str_eq(to, "journal") || str_eq(to, "syslog") ||
	       (is_absolute(to) && !path_has_detour(to + 1));
}

static int check_audit(const struct field_value *value, struct err *e)
{
	const struct word_or_object *audit = value->member;
	const struct policy_audit *object = audit->object;
	const char *to = object ? object->to : audit->word;

	if (is_audit_target(to) || (!object && str_eq(to, POLICY_AUDIT_NONE)))
		return 0;
	return json_fail(
		value->source, value->at, e,
		"%s%s: must be \"journal\", \"syslog\"%s or the absolute path of a file, without \".\" and \"..\", is \"%s\"",
		value->path, object ? ".to" : "", object ? "" : ", \"" POLICY_AUDIT_NONE "\"", to);
}
static const struct field_check audit_check = {
	.run = check_audit,
	.schema = "{\"oneOf\": [{\"type\": \"string\", \"pattern\": \"^(" CLEAN_PATH
		  "|journal|syslog|" POLICY_AUDIT_NONE ")$\"}, {\"type\": \"object\", "
		  "\"required\": [\"to\"], \"additionalProperties\": false, \"properties\": "
		  "{\"to\": {\"type\": \"string\", \"pattern\": \"^(" CLEAN_PATH
		  "|journal|syslog)$\"}, \"required\": {\"type\": \"boolean\", \"default\": "
		  "false}}}]}",
	.values = "a path, \"journal\", \"syslog\", \"none\", an object",
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
static const struct field_check privileged_check = {
	.later = (const char *const[]){ "strip", "refuse", NULL },
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

static const struct field cgroup_rows[] = {
	KEY_WORD(
		struct policy_cgroup, overlap, "overlap", overlap_names, "\"refused\"", NULL,
		"What becomes of a control group that is another container's, contains it or lies in it."),
};
static const struct fields cgroup_fields = KEYS(struct policy_cgroup, cgroup_rows);

static const struct field hooks_rows[] = {
	KEY(struct policy_hooks, STRLIST, allow, "allow", "[\"/\"]", &places_check,
	    "Programs of the host that may be hooks, and directories of such; / is any, an empty list none."),
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

static const struct field audit_rows[] = {
	FIELD(struct policy_audit, STRING, to, "to", FIELD_REQUIRED),
	FIELD(struct policy_audit, BOOL, required, "required", 0),
};
static const struct fields audit_fields = KEYS(struct policy_audit, audit_rows);

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
		struct policy, privileged, "privileged", privileged_names, "\"allow\"",
		&privileged_check,
		"What becomes of a container with CAP_SYS_ADMIN or with access to every device; allow says so in a decision."),
	KEY_GROUP(struct policy, cgroup, struct policy_cgroup, "cgroup", &cgroup_fields,
		  "Control groups."),
	KEY_GROUP(struct policy, hooks, struct policy_hooks, "hooks", &hooks_fields,
		  "Hooks of the runtime."),
	KEY_GROUP(struct policy, criu, struct policy_criu, "criu", &criu_fields,
		  "Checkpoint and restore."),
	{
		.name = "audit",
		.kind = FIELD_STRING_OR_OBJECT,
		.flags = FIELD_IS_KEY,
		.offset = FIELD_CHECKED_OFFSET(struct policy, audit, struct word_or_object),
		.sub = &audit_fields,
		.key = SAID(
			"\"" POLICY_AUDIT_NONE "\"", &audit_check,
			"Where each decision is written to as a line of JSON, beside the container's records; with required what cannot be written about is refused."),
	},
	KEY_NOT_YET(struct policy, capabilities, "capabilities", "A ceiling for capabilities."),
	KEY_NOT_YET(struct policy, share, "share", "Directories that every container sees."),
	KEY_NOT_YET(struct policy, hostname, "hostname", "Which host name a container gets."),
	KEY_NOT_YET(struct policy, systemd, "systemd", "What systemd needs in a container."),
	KEY_NOT_YET(struct policy, distros, "distros", "Exceptions for single containers."),
};
const struct fields policy_fields = KEYS(struct policy, policy_rows);

uint32_t policy_hook_timeout(const struct policy *policy)
{
	const struct policy_hooks *hooks = policy ? policy->hooks : NULL;

	return hooks && hooks->timeout.set ? hooks->timeout.value : HOOK_TIMEOUT;
}
