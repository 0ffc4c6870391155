/* SPDX-License-Identifier: Apache-2.0 */
/* See checks.h. Pure. */
#include "policy/checks.h"

#include "base/auto.h"
#include "policy/engine.h"
#include "policy/glob.h"

#include <string.h>

#define NAME_MAX_LENGTH 64
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

/* --- one value --- */

static int check_pattern(const struct field_value *value, const struct json_value *at,
			 const char *pattern, struct err *e)
{
	const char *problem = glob_problem(pattern);

	if (!problem)
		return 0;
	return json_fail(value->source, at, e, "%s: the pattern \"%s\" %s", value->path, pattern,
			 problem);
}

static int check_glob(const struct field_value *value, struct err *e)
{
	return check_pattern(value, value->at, *(char *const *)value->member, e);
}
const struct field_check glob_check = {
	.run = check_glob,
	.schema = "{\"minLength\": 1}",
	.values = "a pattern",
};

static int check_path_glob(const struct field_value *value, struct err *e)
{
	const char *pattern = *(char *const *)value->member;

	if (pattern[0] != '/')
		return json_fail(value->source, value->at, e,
				 "%s: must be a pattern of an absolute path, is \"%s\"",
				 value->path, pattern);
	return check_pattern(value, value->at, pattern, e);
}
const struct field_check path_glob_check = {
	.run = check_path_glob,
	.schema = "{\"pattern\": \"^/\"}",
	.values = "a pattern of an absolute path",
};

static int check_globs(const struct field_value *value, struct err *e)
{
	for (const struct json_value *child = value->at->first; child; child = child->next)
		if (check_pattern(value, child, child->text, e) < 0)
			return -1;
	return 0;
}
const struct field_check globs_check = {
	.run = check_globs,
	.schema = "{\"additionalProperties\": {\"type\": \"string\"}}",
	.values = "an object of patterns",
};

static int check_engine(const struct field_value *value, struct err *e)
{
	const char *pattern = *(char *const *)value->member;
	autostrbuf known = { 0 };

	if (check_pattern(value, value->at, pattern, e) < 0)
		return -1;
	for (const char *const *name = engine_names; *name; name++) {
		if (glob_match(pattern, *name))
			return 0;
		strbuf_printf(&known, "%s%s", known.length ? ", " : "", *name);
	}
	return json_fail(value->source, value->at, e,
			 "%s: \"%s\" matches none of the engines that are known: %s", value->path,
			 pattern, strbuf_text(&known));
}
const struct field_check engine_check = {
	.run = check_engine,
	.schema = "{\"minLength\": 1}",
	.values = "\"docker\", \"cri\", \"containerd\", \"podman\", a pattern of these",
};

static int check_owner(const struct field_value *value, struct err *e)
{
	const struct json_value *owner = value->at;
	uint32_t uid;

	if (owner->kind == JSON_STRING && !str_empty(owner->text))
		return 0;
	if (owner->kind == JSON_NUMBER && parse_u32(owner->text, &uid))
		return 0;
	return json_fail(value->source, owner, e, "%s: must be the number of a user or a name",
			 value->path);
}
const struct field_check owner_check = {
	.run = check_owner,
	.schema = "{\"oneOf\": [{\"type\": \"string\", \"minLength\": 1}, {\"type\": "
		  "\"integer\", \"minimum\": 0, \"maximum\": 4294967295}]}",
	.values = "a number, a name",
};

/* --- the whole --- */

struct whole {
	const struct json_source *source;
	const struct policy *policy;
	struct err *e;
};

static bool is_name(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && length <= NAME_MAX_LENGTH && name[0] != '.' && name[0] != '-' &&
	       strspn(name, NAME_CHARACTERS) == length;
}

static int check_name(const struct whole *w, const struct json_value *at)
{
	if (str_eq(at->key, POLICY_NETWORK_DEFAULT))
		return json_fail(w->source, at, w->e,
				 "networks: the name \"" POLICY_NETWORK_DEFAULT
				 "\" is that of the key network");
	if (!is_name(at->key))
		return json_fail(
			w->source, at, w->e,
			"networks: \"%s\" must be at most %d letters, digits, '_', '.' and '-', and begin with none of the last two",
			at->key, NAME_MAX_LENGTH);
	return 0;
}

/* What is left out is as built in; a caller who is not root has another one there, which is compared when a container
 * starts, as are two names of one namespace. */
static const char *namespace_of(const struct policy_network *network)
{
	return network && network->namespace_ ? network->namespace_ : POLICY_NETWORK_PATH;
}

static int check_apart(const struct whole *w, const struct json_value *at, size_t index)
{
	const struct policy_network *own = &w->policy->networks.v[index];
	const char *path = namespace_of(own);
	const char *other = NULL;

	/* each container has its own */
	if (str_eq(path, "requested"))
		return 0;
	if (str_eq(path, namespace_of(w->policy->network)))
		other = POLICY_NETWORK_DEFAULT;
	for (size_t i = 0; i < index && !other; i++)
		if (str_eq(path, namespace_of(&w->policy->networks.v[i])))
			other = w->policy->networks.v[i].name;
	if (!other)
		return 0;
	return json_fail(
		w->source, at, w->e,
		"networks.\"%s\": has the namespace \"%s\" of the network \"%s\"; give each one of its own",
		own->name, path, other);
}

static int check_networks(const struct whole *w, const struct json_value *networks)
{
	size_t index = 0;

	for (const struct json_value *at = networks ? networks->first : NULL; at; at = at->next) {
		if (check_name(w, at) < 0 || check_apart(w, at, index) < 0)
			return -1;
		index++;
	}
	return 0;
}

/* False is what is built in, and what a policy that is shown has there. */
static int check_general(const struct whole *w, const struct json_value *network)
{
	const struct policy_network *general = w->policy->network;

	if (!general || !general->selectable.value)
		return 0;
	return json_fail(
		w->source, json_get(network, "selectable"), w->e,
		"network.selectable: is of the networks in the key networks, because the one of the key network can always be chosen; leave it out");
}

static bool is_known(const struct policy *policy, const char *name)
{
	return str_eq(name, POLICY_NETWORK_DEFAULT) || policy_network(policy, name);
}

/* An entry, by its place among the others: its path is for errors alone. */
struct entry {
	const struct json_value *at;
	const struct policy_distro *said;
	size_t index;
};

static int check_choice(const struct whole *w, const struct json_value *at, const char *name,
			const struct entry *entry, const char *key)
{
	if (is_known(w->policy, name))
		return 0;
	return json_fail(
		w->source, at, w->e,
		"distros[%zu].%s: the network \"%s\" is not one of those in the key networks",
		entry->index, key, name);
}

static int check_use(const struct whole *w, const struct json_value *at,
		     const struct policy_use *use, const struct entry *entry)
{
	const struct json_value *namespace_ = json_get(at, "namespace");

	if (use->use && check_choice(w, json_get(at, "use"), use->use, entry, "network.use") < 0)
		return -1;
	if (json_get(at, "selectable"))
		return json_fail(
			w->source, json_get(at, "selectable"), w->e,
			"distros[%zu].network.selectable: is of a network, not of an entry of distros",
			entry->index);
	if (!use->keys.namespace_)
		return 0;
	if (use->use)
		return json_fail(
			w->source, namespace_, w->e,
			"distros[%zu].network.namespace: cannot stand beside use, which names one",
			entry->index);
	if (!str_eq(use->keys.namespace_, "requested"))
		return json_fail(
			w->source, namespace_, w->e,
			"distros[%zu].network.namespace: only \"requested\" can stand here; put \"%s\" into the key networks, and its name here",
			entry->index, use->keys.namespace_);
	return 0;
}

static int check_trust(const struct whole *w, const struct entry *entry)
{
	static const char *const said[] = { "id", "annotations", "image", "cgroup" };
	const struct json_value *match = json_get(entry->at, "match");

	for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
		const struct json_value *at = json_get(match, said[i]);

		if (at && at->kind != JSON_NULL)
			return json_fail(
				w->source, at, w->e,
				"distros[%zu].match.%s: is what the engine's clients say; where they may choose this entry, set trustClients to true beside match",
				entry->index, said[i]);
	}
	return 0;
}

static int check_entry(const struct whole *w, const struct entry *entry)
{
	const struct policy_distro *said = entry->said;
	const struct json_value *chosen = json_get(entry->at, "network");

	if (said->match && !said->trust_clients.value && check_trust(w, entry) < 0)
		return -1;
	if (said->network.word)
		return check_choice(w, chosen, said->network.word, entry, "network");
	return said->network.object ? check_use(w, chosen, said->network.object, entry) : 0;
}

int policy_check_networks(const struct json_source *source, const struct json_value *root,
			  const struct policy *policy, struct err *e)
{
	const struct whole w = { .source = source, .policy = policy, .e = e };
	const struct json_value *distros = json_get(root, "distros");
	struct entry entry = { 0 };

	if (check_general(&w, json_get(root, "network")) < 0 ||
	    check_networks(&w, json_get(root, "networks")) < 0)
		return -1;
	for (entry.at = distros ? distros->first : NULL; entry.at; entry.at = entry.at->next) {
		entry.said = &policy->distros.v[entry.index];
		if (check_entry(&w, &entry) < 0)
			return -1;
		entry.index++;
	}
	return 0;
}
