/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the policy file, one row each: what it is called and where it is kept, what holds if a file leaves it
 * out, which values it takes, and what it is for. From the rows come the decoder, the built-in policy, `policy keys`,
 * and by `make policy-docs` the schema, contrib/policy.json and the list in the manual. The tables are closed: a key
 * that is not here is a spelling mistake of the administrator, and must not be taken for a rule that holds. Pure.
 */
#include "policy/keys.h"

#include "base/auto.h"
#include "policy/checks.h"
#include "policy/values.h"

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
static const struct name_row network_forward_names[] = {
	{ "auto", POLICY_FORWARD_AUTO },
	{ "none", POLICY_FORWARD_NONE },
	{ NULL, 0 },
};
static const struct name_row siblings_names[] = {
	{ "engine", POLICY_SIBLINGS_ENGINE },
	{ "local", POLICY_SIBLINGS_LOCAL },
	{ NULL, 0 },
};
static const struct name_row localhost_names[] = {
	{ "auto", POLICY_LOCALHOST_AUTO },
	{ "shared", POLICY_LOCALHOST_SHARED },
	{ "private", POLICY_LOCALHOST_PRIVATE },
	{ NULL, 0 },
};
static const struct name_row unavailable_names[] = {
	{ "refuse", POLICY_UNAVAILABLE_REFUSE },
	{ "warn", POLICY_UNAVAILABLE_WARN },
	{ NULL, 0 },
};
static const struct name_row abstract_socket_names[] = {
	{ "shared", POLICY_SOCKETS_SHARED },
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

/* policy_read() looks at it before anything else. */
static const struct field_check version_check = {
	.schema = "{\"minimum\": " AS_JSON(POLICY_VERSION) ", \"maximum\": " AS_JSON(
		POLICY_VERSION) "}",
	.values = AS_JSON(POLICY_VERSION),
};

/* --- keys --- */

static const struct field requested_rows[] = {
	KEY_WORD(struct policy_requested, host, "host", requested_names, "\"rewrite\"", NULL,
		 "What becomes of a request for the host's network: no entry, or its path."),
	KEY_WORD(struct policy_requested, path, "path", requested_names, "\"rewrite\"", NULL,
		 "What becomes of a request for another network by its path."),
	KEY_WORD(struct policy_requested, new_, "new", requested_new_names, "\"late\"", NULL,
		 "What becomes of a request for a new network: an entry without a path."),
};
static const struct fields requested_fields = KEYS(struct policy_requested, requested_rows);

static const struct field pool_rows[] = {
	KEY(struct policy_pool, STRING, v4, "v4", NULL, &pool4_check,
	    "Addresses of IPv4: \"10.78.0.0/24\"."),
	KEY(struct policy_pool, STRING, v6, "v6", NULL, &pool6_check,
	    "Addresses of IPv6: \"fd78::/64\"."),
};
static const struct fields pool_fields = KEYS(struct policy_pool, pool_rows);

static const struct field network_rows[] = {
#include "policy/keys_network.def"
};
const struct fields policy_network_fields = KEYS(struct policy_network, network_rows);

static const struct field auto_rows[] = {
	{
		.name = "range",
		.kind = FIELD_U32LIST,
		.flags = FIELD_IS_KEY | FIELD_REQUIRED,
		.offset = FIELD_CHECKED_OFFSET(struct policy_auto, range, struct u32list),
		.key = SAID(NULL, &range_check,
			    "The first id of the host that is given out, and how many are."),
	},
	KEY(struct policy_auto, OPT_U32, size, "size", "65536", NULL,
	    "How many ids a container has."),
};
static const struct fields auto_fields = KEYS(struct policy_auto, auto_rows);

static const struct field user_rows[] = {
	{
		.name = "auto",
		.kind = FIELD_OBJECT,
		.flags = FIELD_IS_KEY | FIELD_REQUIRED,
		.offset = FIELD_CHECKED_OFFSET(struct policy_user, auto_, struct policy_auto *),
		.sub = &auto_fields,
		.key = SAID(NULL, NULL, "Ids of the host of its own for each container."),
	},
};
static const struct fields user_fields = KEYS(struct policy_user, user_rows);

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
	KEY_WORD_OR_GROUP(
		struct policy_namespaces, user, "user", &user_fields, "\"requested\"", &user_check,
		"Namespace of user and group ids. auto: one for each container, with ids of the host that no other one has."),
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

static const struct field reserve_rows[] = {
	KEY(struct policy_reserve, OPT_U64, memory, "memory", "0", &bytes_check,
	    "Bytes of the host's memory; 0 sets no limit."),
	KEY(struct policy_reserve, OPT_U64, cpu, "cpu", "0", &percent_check,
	    "Percent of the time of all its CPUs together; 0 sets no limit."),
	KEY(struct policy_reserve, OPT_U64, pids, "pids", "0", NULL,
	    "Processes and threads of those that the host can have; 0 sets no limit."),
};
static const struct fields reserve_fields = KEYS(struct policy_reserve, reserve_rows);

static const struct field cgroup_rows[] = {
	KEY_WORD(
		struct policy_cgroup, overlap, "overlap", overlap_names, "\"refused\"", NULL,
		"What becomes of a control group that is another container's, contains it or lies in it."),
	KEY(struct policy_cgroup, STRING, parent, "parent", "\"" POLICY_PARENT_NONE "\"",
	    &parent_check,
	    "The control group below which the groups of all containers lie: a path, or the name of a slice, which systemd's manager takes, too."),
	KEY_GROUP(struct policy_cgroup, reserve, struct policy_reserve, "reserve", &reserve_fields,
		  "What the host keeps: the limits of the parent are what it has less this."),
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
	{
		.name = "to",
		.kind = FIELD_STRING,
		.flags = FIELD_IS_KEY | FIELD_REQUIRED,
		.offset = FIELD_CHECKED_OFFSET(struct policy_audit, to, char *),
		.key = SAID(NULL, NULL, "A file, the journal or syslog."),
	},
	KEY(struct policy_audit, BOOL, required, "required", NULL, NULL,
	    "Whether what cannot be written about is refused."),
};
static const struct fields audit_fields = KEYS(struct policy_audit, audit_rows);

/* --- distros --- */

static const struct field use_rows[] = {
#include "policy/keys_network.def"
	KEY(struct policy_use, STRING, use, "use", NULL, NULL,
	    "The network that the keys beside it change, by its name."),
};
static const struct fields use_fields = KEYS(struct policy_use, use_rows);

static const struct field match_rows[] = {
	KEY(struct policy_match, STRING, engine, "engine", NULL, &engine_check,
	    "The engine that asks, by where it keeps its state."),
	KEY(struct policy_match, RAW, owner, "owner", NULL, &owner_check,
	    "The user who asks: a number or a name of /etc/passwd."),
	KEY(struct policy_match, STRING, rootfs, "rootfs", NULL, &path_glob_check,
	    "Where the root file system lies, in a directory that root alone can write."),
	KEY(struct policy_match, STRING, bundle, "bundle", NULL, &path_glob_check,
	    "Where the bundle lies, in a directory that root alone can write."),
	KEY(struct policy_match, STRING, id, "id", NULL, &glob_check,
	    "The id; what clients say, as the three below: see trustClients."),
	KEY(struct policy_match, STRING, cgroup, "cgroup", NULL, &glob_check,
	    "linux.cgroupsPath of the config."),
	KEY(struct policy_match, STRING, image, "image", NULL, &glob_check,
	    "The image's name, where the engine says it (io.kubernetes.cri.image-name)."),
	KEY(struct policy_match, STRMAP, annotations, "annotations", NULL, &globs_check,
	    "Annotations, each of which must be there."),
};
static const struct fields match_fields = KEYS(struct policy_match, match_rows);

static const struct field distro_rows[] = {
	KEY_GROUP(struct policy_distro, match, struct policy_match, "match", &match_fields,
		  "Which containers it is for; all that is named must match."),
	KEY(struct policy_distro, OPT_BOOL, trust_clients, "trustClients", "false", NULL,
	    "Whether what the engine's clients say may choose this entry."),
	KEY_WORD_OR_GROUP(
		struct policy_distro, network, "network", &use_fields, NULL, NULL,
		"A network by its name, or an object of a network's keys for these containers; of namespace only \"requested\"."),
	KEY_WORD(struct policy, mode, "mode", mode_names, "\"enforce\"", NULL,
		 "As outside, for these containers."),
#include "policy/keys_policy.def"
};
static const struct fields distro_fields = KEYS(struct policy_distro, distro_rows);

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
	KEY_GROUP(struct policy, network, struct policy_network, "network", &policy_network_fields,
		  "The network namespace that all containers share, and what may be done in it."),
	KEY_OBJECTS(
		struct policy, networks, struct policy_network, FIELD_MAP, "networks",
		&policy_network_fields, NULL, NULL,
		"Other networks, by name. What one leaves out is as in network, but not namespace, selectable, address, addressPool, allowHost, admin and a path of resolvConf or hosts: these are as built in."),
	KEY_OBJECTS(
		struct policy, distros, struct policy_distro, FIELD_LIST, "distros", &distro_fields,
		NULL, NULL,
		"Exceptions: the first entry that matches a container changes the policy for it."),
#include "policy/keys_policy.def"
};
const struct fields policy_fields = KEYS(struct policy, policy_rows);

uint32_t policy_hook_timeout(const struct policy *policy)
{
	const struct policy_hooks *hooks = policy ? policy->hooks : NULL;

	return hooks && hooks->timeout.set ? hooks->timeout.value : HOOK_TIMEOUT;
}

bool policy_user_ids(const struct policy *policy, struct policy_ids *ret)
{
	const struct policy_namespaces *namespaces = policy ? policy->namespaces : NULL;
	const struct policy_user *user = namespaces ? namespaces->user.object : NULL;

	if (!user || !user->auto_ || user->auto_->range.n != 2)
		return false;
	ret->first = user->auto_->range.v[0];
	ret->count = user->auto_->range.v[1];
	ret->size = user->auto_->size.set ? user->auto_->size.value : POLICY_IDS_SIZE;
	return ret->size > 0 && ret->size <= ret->count;
}

const struct policy_pool *policy_pool(const struct policy_network *network)
{
	return network ? network->address_pool.object : NULL;
}

bool policy_localhost_is_private(const struct policy_network *network)
{
	return network->localhost == POLICY_LOCALHOST_PRIVATE ||
	       (network->localhost == POLICY_LOCALHOST_AUTO &&
		(network->address == ADDRESS_ENGINE || network->address == ADDRESS_POOL));
}

bool policy_has_addresses(const struct policy_network *network)
{
	return network && (network->address == ADDRESS_ENGINE || network->address == ADDRESS_POOL ||
			   network->low_ports.value || policy_localhost_is_private(network));
}
