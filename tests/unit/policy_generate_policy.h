/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated policies, as the text of a file, so that each is one that an administrator can write; and who asks.
 * See policy_generate.h.
 *
 * A key has a row with its values; one that is said often stands there several times. test_policy_rules says
 * which row is missing and which key changes nothing of what is decided.
 */
#ifndef TESTS_POLICY_GENERATE_POLICY_H
#define TESTS_POLICY_GENERATE_POLICY_H

#include "policy_generate.h"

/* --- the keys --- */

/* A key and its values, as JSON; or an object of keys. Ends with a row without key. */
struct choice {
	const char *key;
	const char *values[8];
	const struct choice *of;
};

#define SAYS(key_, ...)                       \
	{                                     \
		(key_), { __VA_ARGS__ }, NULL \
	}
#define SAYS_OF(key_, table_)              \
	{                                  \
		(key_), { NULL }, (table_) \
	}
#define END_OF_CHOICES SAYS(NULL, NULL)

static const struct choice requested_choices[] = {
	SAYS("host", "\"rewrite\"", "\"rewrite\"", "\"refuse\""),
	SAYS("path", "\"rewrite\"", "\"rewrite\"", "\"refuse\""),
	SAYS("new", "\"late\"", "\"late\"", "\"refuse\"", "\"keep\""),
	END_OF_CHOICES,
};

/* Of a network, beside what only a named one has, and which one it is. */
static const struct choice network_choices[] = {
	SAYS_OF("requested", requested_choices),
	SAYS("allowHost", "true", "false"),
	SAYS("admin", "true", "false"),
	SAYS("sysctls", "\"drop\"", "\"refuse\"", "[]", "[\"net.ipv4.ping_group_range\"]",
	     "[\"net.ipv4.ping_group_range\", \"net.ipv4.ip_forward\"]"),
	SAYS("forward", "\"auto\"", "\"none\""),
	SAYS("address", "\"shared\"", "\"engine\"", "\"engine\"", "\"pool\""),
	SAYS("addressPool", "\"none\"", "{\"v4\": \"10.78.0.0/24\"}",
	     "{\"v4\": \"10.79.0.0/16\", \"v6\": \"fd78::/64\"}"),
	SAYS("siblings", "\"engine\"", "\"local\""),
	SAYS("localhost", "\"auto\"", "\"shared\"", "\"private\""),
	SAYS("lowPorts", "true", "false"),
	SAYS("unavailable", "\"refuse\"", "\"warn\""),
	SAYS("lock", "\"open\"", "\"strict\""),
	SAYS("abstractSockets", "\"shared\""),
	SAYS("peerDescriptors", "\"open\"", "\"refused\""),
	SAYS("resolvConf", "\"auto\"", "\"engine\"", "\"/etc/shared\""),
	SAYS("hosts", "\"auto\"", "\"engine\"", "\"/etc/shared\""),
	END_OF_CHOICES,
};

static const struct choice namespaces_choices[] = {
	SAYS("pid", "\"fresh\"", "\"isolated\""),
	SAYS("mount", "\"fresh\""),
	SAYS("ipc", "\"isolated\"", "\"fresh\"", "\"requested\""),
	SAYS("uts", "\"isolated\"", "\"fresh\"", "\"requested\""),
	SAYS("cgroup", "\"isolated\"", "\"fresh\"", "\"requested\""),
	SAYS("user", "\"requested\"", "{\"auto\": {\"range\": [1000000, 655360]}}",
	     "{\"auto\": {\"range\": [1000000, 655360], \"size\": 4096}}"),
	SAYS("time", "\"requested\""),
	END_OF_CHOICES,
};
static const struct choice capabilities_choices[] = {
	SAYS("remove", "[]", "[\"SYS_ADMIN\"]", "[\"chown\", \"CAP_SYS_PTRACE\"]", "[\"all\"]"),
	END_OF_CHOICES,
};
static const struct choice hooks_choices[] = {
	SAYS("allow", "[\"/\"]", "[]", "[\"/usr/libexec/oci/\", \"/opt/link\"]",
	     "[\"/usr/libexec/oci\", \"/gone\"]"),
	SAYS("output", "[]", "[\"/var/log/hooks\"]", "[\"/etc\", \"/run\"]"),
	SAYS("timeout", "1", "60"),
	END_OF_CHOICES,
};
static const struct choice criu_choices[] = {
	SAYS("config", "[]", "[\"/etc/criu/one.conf\"]", "[\"/etc/criu/./other.conf\"]"),
	END_OF_CHOICES,
};

/* Of the policy, and of an entry of `distros`. */
static const struct choice policy_choices[] = {
	SAYS("mode", "\"enforce\"", "\"observe\""),
	SAYS_OF("namespaces", namespaces_choices),
	SAYS("procSys", "\"read-only\"", "\"requested\""),
	SAYS("kernelMounts", "\"own\"", "\"requested\""),
	SAYS("privileged", "\"allow\"", "\"allow\"", "\"strip\"", "\"strip\"", "\"refuse\""),
	SAYS("systemd", "true", "false"),
	SAYS("hostname", "\"requested\"", "\"id\""),
	SAYS_OF("capabilities", capabilities_choices),
	SAYS("share", "[]", "[{\"source\": \"/srv/shared\", \"destination\": \"/vol\"}]",
	     "[{\"source\": \"/srv/a\", \"destination\": \"/mnt/a\"}, {\"source\": \"/srv/b\", \"destination\": \"/mnt/b\"}]"),
	/* each parent with one reserve, as the check of the whole has it; none beside one that is inherited takes it away */
	SAYS("cgroup", "{\"overlap\": \"open\"}", "{\"overlap\": \"refused\"}",
	     "{\"parent\": \"/a/b\"}",
	     "{\"parent\": \"/distros\", \"reserve\": {\"memory\": 1000000, \"cpu\": 10, \"pids\": 100}}",
	     "{\"parent\": \"distros.slice\", \"reserve\": {\"memory\": 0, \"cpu\": 99, \"pids\": 4294967296}}"),
	SAYS_OF("hooks", hooks_choices),
	SAYS_OF("criu", criu_choices),
	SAYS("audit", "\"none\"", "\"journal\"", "{\"to\": \"/var/log/d\", \"required\": true}"),
	END_OF_CHOICES,
};

/* Of an entry of `distros`; what clients say needs trustClients. */
static const struct choice match_choices[] = {
	SAYS("engine", "\"docker\"", "\"podman\"", "\"c*\""),
	SAYS("owner", "0", "1000", "\"1000\"", "\"ann\""),
	SAYS("rootfs", "\"/srv/lab/*\"", "\"/srv/*\"", "\"/*\""),
	SAYS("bundle", "\"/run/b1\"", "\"/run/*\"", "\"/run/b?\""),
	END_OF_CHOICES,
};
static const struct choice said_choices[] = {
	SAYS("id", "\"c*\"", "\"web-[1-3]\"", "\"not_a.name\""),
	SAYS("cgroup", "\"/pods/*\"", "\"/mine\""),
	SAYS("image", "\"debian:*\"", "\"alpine\""),
	SAYS("annotations", "{\"team\": \"a*\"}", "{\"distro-shim.network\": \"vpn\"}",
	     "{\"team\": \"*\", \"distro-shim.network\": \"*\"}"),
	END_OF_CHOICES,
};

/* --- the text --- */

static void put_comma(struct strbuf *out)
{
	if (!strchr("{[", out->text[out->length - 1]))
		strbuf_putc(out, ',');
}

static void put_member(struct strbuf *out, const char *key, const char *value)
{
	put_comma(out);
	strbuf_printf(out, "\"%s\":%s", key, value);
}

/* An object that is open: what it is of, one key in `rarity`. */
static void put_choices(struct strbuf *out, const struct choice *table, size_t rarity)
{
	for (; table->key; table++) {
		size_t n = 0;

		if (!one_in(rarity))
			continue;
		if (table->of) {
			put_member(out, table->key, "{");
			put_choices(out, table->of, 2);
			strbuf_putc(out, '}');
			continue;
		}
		while (n < ARRAY_SIZE(table->values) && table->values[n])
			n++;
		put_member(out, table->key, table->values[below(n)]);
	}
}

static const char *const network_names[] = { "vpn", "lab", "own" };

/* Each has a namespace of its own; of "self" there is one. */
static size_t put_networks(struct strbuf *out, bool self)
{
	size_t n = one_in(3) ? 0 : 1 + below(ARRAY_SIZE(network_names));

	if (!n)
		return 0;
	put_member(out, "networks", "{");
	for (size_t i = 0; i < n; i++) {
		put_member(out, network_names[i], "{");
		if (i == 2 && !self)
			put_member(out, "namespace", "\"self\"");
		else if (i && one_in(4))
			put_member(out, "namespace", "\"requested\"");
		else
			strbuf_printf(out, "\"namespace\":\"/run/netns/%s\"", network_names[i]);
		if (one_in(2))
			put_member(out, "selectable", "true");
		put_choices(out, network_choices, 4);
		strbuf_putc(out, '}');
	}
	strbuf_putc(out, '}');
	return n;
}

/* What an entry says of the network: nothing, a name, or an object. */
static void put_network_of_entry(struct strbuf *out, size_t networks)
{
	const char *name =
		networks && !one_in(4) ? network_names[below(networks)] : POLICY_NETWORK_DEFAULT;

	if (one_in(3))
		return;
	put_comma(out);
	strbuf_puts(out, "\"network\":");
	if (one_in(2)) {
		strbuf_printf(out, "\"%s\"", name);
		return;
	}
	strbuf_putc(out, '{');
	if (one_in(3))
		put_member(out, "namespace", "\"requested\"");
	else if (one_in(2))
		strbuf_printf(out, "\"use\":\"%s\"", name);
	put_choices(out, network_choices, 4);
	strbuf_putc(out, '}');
}

static void put_entries(struct strbuf *out, size_t networks)
{
	size_t n = below(4);

	put_member(out, "distros", "[");
	for (size_t i = 0; i < n; i++) {
		bool trusts = one_in(2);

		put_comma(out);
		strbuf_putc(out, '{');
		if (!one_in(8)) {
			put_member(out, "match", "{");
			put_choices(out, match_choices, 3);
			if (trusts)
				put_choices(out, said_choices, 3);
			strbuf_putc(out, '}');
		}
		if (trusts)
			put_member(out, "trustClients", "true");
		put_network_of_entry(out, networks);
		put_choices(out, policy_choices, 6);
		strbuf_putc(out, '}');
	}
	strbuf_putc(out, ']');
}

/* `choice`: with several networks and entries. */
static char *generate_policy_text(const struct round *r, bool choice)
{
	static const char *const namespaces[] = { "\"self\"", "\"requested\"", "\"requested\"",
						  "\"/run/netns/distros\"", "\"" USERS "\"" };
	autostrbuf out = { 0 };
	bool self = false;

	strbuf_puts(&out, "{\"version\":1");
	if (!one_in(4)) {
		put_member(&out, "network", "{");
		if (one_in(3)) {
			const char *namespace_ = ANY_OF(namespaces);

			self = str_eq(namespace_, "\"self\"");
			put_member(&out, "namespace", namespace_);
		}
		if (one_in(8))
			put_member(&out, "selectable", "false");
		put_choices(&out, network_choices, 3);
		strbuf_putc(&out, '}');
		put_choices(&out, policy_choices, 3);
	}
	if (choice)
		put_entries(&out, put_networks(&out, self));
	strbuf_putc(&out, '}');
	return text_of(r, strbuf_text(&out));
}

static const struct policy *built_in(void)
{
	static struct arena arena;
	static struct policy *policy;

	if (!policy)
		policy = policy_default(&arena, NULL);
	return policy;
}

/* What is chosen is judged as under "enforce"; NULL: the text is not that of a policy. */
static struct policy *read_policy(const struct round *r, const char *text, struct err *e)
{
	struct policy *policy = NULL;

	return policy_decode(text, strlen(text), "policy.json", built_in(), r->arena, &policy, e) <
			       0
		       ? NULL
		       : policy;
}

static struct policy *enforced(const struct round *r, const struct policy *policy)
{
	struct policy *copy = arena_new(r->arena, struct policy);

	*copy = *policy;
	copy->mode = POLICY_ENFORCE;
	return copy;
}

/* With one network, and under "enforce". */
static inline struct policy *generate_policy(const struct round *r)
{
	struct err e = { 0 };
	struct policy *policy = read_policy(r, generate_policy_text(r, false), &e);

	if (!policy)
		abort();
	return enforced(r, policy);
}

/* --- who asks --- */

static struct caller_facts *generate_caller(const struct round *r)
{
	static const uint32_t owners[] = { 0, 1000, 7 };
	static const char *const names[] = { NULL, "ann", "bob" };
	static const char *const engines[] = { NULL, "docker", "podman", "cri", "containerd" };
	static const char *const ids[] = { "c1", "web-1", "not_a.name", NULL };
	static const char *const bundles[] = { NULL, "/run/b1", "/run/b22", "/srv/b" };
	static const char *const roots[] = { NULL, "/srv/lab/r", "/srv/other", "/home/x" };
	struct caller_facts *caller = arena_new(r->arena, struct caller_facts);

	*caller = (struct caller_facts){
		.owner = ANY_OF(owners),
		.owner_name = text_of(r, ANY_OF(names)),
		.engine = text_of(r, ANY_OF(engines)),
		.id = text_of(r, ANY_OF(ids)),
		.bundle = text_of(r, ANY_OF(bundles)),
		.rootfs = text_of(r, ANY_OF(roots)),
		.bundle_doubt = text_of(r, one_in(3) ? "it is a user's" : NULL),
		.rootfs_doubt = text_of(r, one_in(3) ? "it is a user's" : NULL),
	};
	if (one_in(3)) {
		static const char *const all[] = { "vpn", "lab", "own", "gone", "default" };

		caller->network = text_of(r, ANY_OF(all));
		caller->network_by = text_of(r, one_in(2) ? "--network" : "the program name 'x'");
	}
	return caller;
}

#endif
