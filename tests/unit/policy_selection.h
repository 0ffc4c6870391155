/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which network and which policy a request gets, said once more: what matches by fnmatch(3), what that comes to as
 * one JSON object laid over another; and that nothing that clients say changes any of it. See policy_properties.h.
 */
#ifndef TESTS_POLICY_SELECTION_H
#define TESTS_POLICY_SELECTION_H

#include "policy_properties.h"

#include <fnmatch.h>

/* --- which entry --- */

static bool says(const char *pattern, const char *text)
{
	return !pattern || (text && fnmatch(pattern, text, 0) == 0);
}

static bool says_owner(const struct json_value *owner, const struct caller_facts *caller)
{
	if (!owner)
		return true;
	if (strspn(owner->text, "0123456789") == strlen(owner->text))
		return (uint32_t)atoi(owner->text) == caller->owner;
	return str_eq(owner->text, caller->owner_name);
}

static bool says_request(const struct policy_match *match, const struct spec *request)
{
	const struct strmap *said = &request->annotations;
	bool all = says(match->cgroup, request->linux_ ? request->linux_->cgroups_path : NULL) &&
		   says(match->image, strmap_get(said, "io.kubernetes.cri.image-name"));

	for (size_t i = 0; i < match->annotations.n; i++) {
		const char *value = strmap_get(said, match->annotations.v[i].key);

		all = all && value && says(match->annotations.v[i].value, value);
	}
	return all;
}

/* -1: none. How many are passed over, because their paths are what others than root say. */
static long expected_entry(const struct round *r, size_t *ret_doubted)
{
	const struct caller_facts *caller = r->caller;

	*ret_doubted = 0;
	for (size_t i = 0; i < r->full->distros.n; i++) {
		const struct policy_distro *entry = &r->full->distros.v[i];
		const struct policy_match *match = entry->match;

		if (!match)
			return (long)i;
		if (!says(match->engine, caller->engine) || !says_owner(match->owner, caller) ||
		    !says(match->rootfs, caller->rootfs) || !says(match->bundle, caller->bundle) ||
		    !says(match->id, caller->id) || !says_request(match, r->request))
			continue;
		if (entry->trust_clients.value || ((!match->rootfs || !caller->rootfs_doubt) &&
						   (!match->bundle || !caller->bundle_doubt)))
			return (long)i;
		++*ret_doubted;
	}
	return -1;
}

/* --- what that comes to --- */

static struct json_value *tree_of_text(struct arena *arena, const char *text)
{
	struct json_source source = { .name = "tree", .text = text, .length = strlen(text) };
	struct json_value *root = NULL;
	struct err e;

	if (json_parse(&source, arena, &root, &e) < 0)
		PROPERTY_FAILS("%s: %s", e.text, text);
	return root;
}

static void put_in(struct json_value *object, struct json_value *member, const char *key)
{
	struct json_value **link = &object->first;

	while (*link && !str_eq((*link)->key, key))
		link = &(*link)->next;
	member->key = key;
	member->next = *link ? (*link)->next : NULL;
	object->count += !*link;
	*link = member;
}

static void take_out(struct json_value *object, const char *key)
{
	struct json_value **link = &object->first;

	while (*link && !str_eq((*link)->key, key))
		link = &(*link)->next;
	if (*link) {
		*link = (*link)->next;
		object->count--;
	}
}

/* `above` wins; objects are laid over each other member by member, but where a word could stand in their place. */
static struct json_value *overlay(struct arena *arena, const struct json_value *under,
				  const struct json_value *above)
{
	struct json_value *result = json_copy(arena, under);

	if (!above)
		return result;
	if (under->kind != JSON_OBJECT || above->kind != JSON_OBJECT ||
	    str_eq(above->key, "user") || str_eq(above->key, "audit") ||
	    str_eq(above->key, "addressPool"))
		return json_copy(arena, above);
	for (const struct json_value *child = above->first; child; child = child->next) {
		const struct json_value *old = json_get(under, child->key);

		put_in(result, old ? overlay(arena, old, child) : json_copy(arena, child),
		       child->key);
	}
	return result;
}

/* A named network has what it says; of the general one all but what would be a way out of it; the rest as built in. */
static struct json_value *expected_network(struct arena *arena, const struct json_value *built,
					   const struct json_value *general,
					   const struct json_value *named)
{
	static const char *const own[] = { "namespace",   "selectable", "address",
					   "addressPool", "admin",      "allowHost" };
	static const char *const files[] = { "resolvConf", "hosts" };
	struct json_value *inherited = json_copy(arena, json_get(general, "network"));

	if (!named)
		return inherited;
	for (size_t i = 0; i < ARRAY_SIZE(own); i++)
		take_out(inherited, own[i]);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const struct json_value *file = json_get(inherited, files[i]);

		if (file && file->text[0] == '/')
			take_out(inherited, files[i]);
	}
	return overlay(arena, overlay(arena, json_get(built, "network"), inherited), named);
}

static const struct json_value *built_in_tree(const struct round *r)
{
	static struct arena arena;
	static const struct json_value *tree;

	if (!tree)
		tree = tree_of_text(&arena,
				    arena_strdup(&arena, encoded(r, &policy_fields, built_in())));
	return tree;
}

static char *tree_text(struct arena *arena, const struct json_value *tree, bool pretty)
{
	auto_json_out out = json_out_new(pretty);
	const char *text = "null";
	struct err e;

	json_out_value(out, tree);
	if (json_out_finish(out, &text, NULL, &e) < 0)
		abort();
	return arena_strdup(arena, text);
}

/* The name of the network that an entry wants; NULL: it has no say. */
static const char *wanted_by(const struct json_value *entry)
{
	const struct json_value *network = json_get(entry, "network");
	const struct json_value *use = json_get(network, "use");

	if (network && network->kind == JSON_STRING)
		return network->text;
	if (use)
		return use->text;
	return json_get(network, "namespace") ? POLICY_NETWORK_DEFAULT : NULL;
}

static const struct policy *expected_policy(const struct round *r, const struct json_value *entry,
					    const char *name)
{
	struct json_value *said = tree_of_text(r->arena, r->policy_text);
	const struct json_value *built = built_in_tree(r);
	const struct json_value *named = json_get(json_get(said, "networks"), name);
	struct json_value *network, *result;
	const struct json_value *selectable;
	struct err e = { 0 };
	const struct policy *policy;

	take_out(said, "networks");
	take_out(said, "distros");
	result = overlay(r->arena, built, said);
	network = expected_network(r->arena, built, result, named);
	if (entry) {
		struct json_value *keys = json_copy(r->arena, entry);
		struct json_value *of_network = json_get(keys, "network");

		take_out(keys, "network");
		take_out(keys, "match");
		take_out(keys, "trustClients");
		result = overlay(r->arena, result, keys);
		if (of_network && of_network->kind == JSON_OBJECT) {
			take_out(of_network, "use");
			network = overlay(r->arena, network, of_network);
		}
	}
	/* true is no value of the general one in a file */
	selectable = json_get(network, "selectable");
	take_out(network, "selectable");
	put_in(result, network, "network");
	policy = read_policy(r, tree_text(r->arena, result, false), &e);
	if (!policy)
		PROPERTY_FAILS("expected: %s\n%s: %s", e.text, r->name, example_text(r, NULL));
	policy->network->selectable.value = selectable && selectable->boolean;
	return policy;
}

static const struct json_value *element(const struct json_value *list, long index)
{
	const struct json_value *child = list ? list->first : NULL;

	while (child && index-- > 0)
		child = child->next;
	return child;
}

/* --- what is named --- */

static bool may_be_named(const struct round *r)
{
	const char *name = r->caller->network;

	if (!name || str_eq(name, POLICY_NETWORK_DEFAULT))
		return true;
	for (size_t i = 0; i < r->full->networks.n; i++)
		if (str_eq(r->full->networks.v[i].name, name))
			return r->full->networks.v[i].selectable.value;
	return false;
}

static void check_selection(const struct round *r)
{
	const struct selection *selection = r->selection;
	const struct json_value *entry = NULL;
	const char *name;
	size_t doubted;
	long index;

	HOLDS(r, NULL, r->chosen == may_be_named(r));
	if (!selection)
		return;
	index = expected_entry(r, &doubted);
	HOLDS(r, NULL, selection->doubted.n == doubted);
	HOLDS(r, NULL,
	      str_eq(selection->entry,
		     index < 0 ? NULL : arena_printf(r->arena, "distros[%ld]", index)));
	if (index >= 0)
		entry = element(json_get(tree_of_text(r->arena, r->policy_text), "distros"), index);
	name = entry ? wanted_by(entry) : NULL;
	HOLDS(r, NULL,
	      str_eq(selection->by, name ? selection->entry
				    : r->caller->network && !str_eq(r->caller->network, "default")
					    ? r->caller->network_by
					    : NULL));
	name = name ? name : r->caller->network ? r->caller->network : POLICY_NETWORK_DEFAULT;
	HOLDS(r, NULL, str_eq(selection->network, name));
	HOLDS(r, NULL,
	      is_same(r, &policy_fields, selection->policy, expected_policy(r, entry, name)));
}

/* --- what clients say --- */

/* Other words of the engine's clients, where none of them is trusted. */
static void say_otherwise(struct round *r)
{
	static const char *const names[] = { "io.kubernetes.cri.image-name", "team",
					     "distro-shim.network" };
	static const char *const values[] = { "debian:13", "a2", "vpn", "lab", "b" };
	struct spec *request = spec_copy(r->request, r->arena);
	struct strmap *said = &request->annotations;
	struct strpair *v = arena_new_array(r->arena, struct strpair, said->n + ARRAY_SIZE(names));
	size_t n = 0;

	for (size_t i = 0; i < said->n; i++)
		if (!str_eq(said->v[i].key, names[0]) && !str_eq(said->v[i].key, names[1]) &&
		    !str_eq(said->v[i].key, names[2]))
			v[n++] = said->v[i];
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (one_in(2))
			v[n++] = (struct strpair){ text_of(r, names[i]),
						   text_of(r, ANY_OF(values)) };
	*said = (struct strmap){ .n = n, .v = v };
	if (request->linux_)
		request->linux_->cgroups_path = one_in(2) ? NULL : text_of(r, "/pods/two");
	r->request = request;
	r->caller = arena_new(r->arena, struct caller_facts);
}

static void check_words_of_clients(const struct round *r, const struct verdict *verdict)
{
	struct round other = *r;
	struct facts *facts = arena_new(r->arena, struct facts);
	struct verdict changed;
	struct err e;

	for (size_t i = 0; i < r->full->distros.n; i++)
		if (r->full->distros.v[i].trust_clients.value)
			return;
	say_otherwise(&other);
	*other.caller = *r->caller;
	other.caller->id = text_of(r, one_in(2) ? "web-2" : "c1");
	if (r->caller->rootfs_doubt)
		other.caller->rootfs = text_of(r, "/srv/lab/theirs");
	if (r->caller->bundle_doubt)
		other.caller->bundle = text_of(r, "/run/b1");
	*facts = *r->facts;
	/* that is what makes the host name */
	if (r->policy->hostname != POLICY_HOSTNAME_ID)
		facts->id = other.caller->id;
	other.facts = facts;
	HOLDS(r, verdict, choose_policy(&other, &e));
	HOLDS(r, verdict, is_same(r, &policy_fields, other.policy, r->policy));
	judge_round(&other, other.request, &changed);
	HOLDS(r, verdict, changed.refused == verdict->refused);
	HOLDS(r, verdict, changed.network.join == verdict->network.join);
	HOLDS(r, verdict, str_eq(changed.network.path, verdict->network.path));
	HOLDS(r, verdict, str_eq(changed.network.name, verdict->network.name));
	HOLDS(r, verdict, str_eq(changed.network.entry, verdict->network.entry));
	HOLDS(r, verdict,
	      is_same(r, &confinement_fields, &changed.confinement, &verdict->confinement));
	if (verdict->refused)
		return;
	/* what they have said stands there */
	changed.spec->annotations = verdict->spec->annotations;
	if (changed.spec->linux_)
		changed.spec->linux_->cgroups_path = verdict->spec->linux_->cgroups_path;
	HOLDS(r, verdict, is_same(r, &spec_fields, changed.spec, verdict->spec));
}

/* All of it. True where the request was accepted. */
static bool check_choice_and_round(struct round *r)
{
	struct verdict verdict;

	if (is_new(r))
		check_selection(r);
	if (!r->chosen)
		return false;
	if (is_new(r)) {
		judge_round(r, r->request, &verdict);
		check_words_of_clients(r, &verdict);
	}
	return check_round(r);
}

#endif
