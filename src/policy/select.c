/* SPDX-License-Identifier: Apache-2.0 */
/* Which network, and with it which policy, a request gets. Pure. */
#include "policy/policy.h"

#include "base/auto.h"
#include "base/fields_inherit.h"
#include "policy/glob.h"

/* More than there are. */
#define KEYS_MAX 64
#define IMAGE_ANNOTATION "io.kubernetes.cri.image-name"

/* --- what matches --- */

/* What clients say has no end of its own, and the time that a pattern takes grows with both lengths. Names and paths are
 * shorter. */
#define TEXT_MAX 4096

static bool matches(const char *pattern, const char *text)
{
	return !pattern ||
	       (text && strnlen(text, TEXT_MAX) < TEXT_MAX && glob_match(pattern, text));
}

static bool matches_owner(const struct json_value *owner, const struct caller_facts *caller)
{
	uint32_t uid;

	if (!owner)
		return true;
	/* a number in quotes is one all the same */
	if (parse_u32(owner->text, &uid))
		return uid == caller->owner;
	return str_eq(owner->text, caller->owner_name);
}

static bool matches_annotations(const struct strmap *wanted, const struct strmap *annotations)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (!matches(wanted->v[i].value, strmap_get(annotations, wanted->v[i].key)))
			return false;
	return true;
}

static bool matches_said(const struct policy_match *match, const struct spec *request,
			 const struct caller_facts *caller)
{
	const char *cgroup = request->linux_ ? request->linux_->cgroups_path : NULL;

	return matches(match->id, caller->id) && matches(match->cgroup, cgroup) &&
	       matches(match->image, strmap_get(&request->annotations, IMAGE_ANNOTATION)) &&
	       matches_annotations(&match->annotations, &request->annotations);
}

static bool matches_all(const struct policy_match *match, const struct spec *request,
			const struct caller_facts *caller)
{
	return !match ||
	       (matches(match->engine, caller->engine) && matches_owner(match->owner, caller) &&
		matches(match->rootfs, caller->rootfs) && matches(match->bundle, caller->bundle) &&
		matches_said(match, request, caller));
}

/* Where others than root can put another directory, what lies there is what clients say. NULL: it is believed. */
static const char *find_doubt(const struct policy_distro *entry, const struct caller_facts *caller)
{
	if (entry->trust_clients.value || !entry->match)
		return NULL;
	if (entry->match->rootfs && caller->rootfs_doubt)
		return caller->rootfs_doubt;
	return entry->match->bundle ? caller->bundle_doubt : NULL;
}

static void add_doubt(struct selection *ret, size_t most, struct arena *arena, char *reason)
{
	if (!ret->doubted.v)
		ret->doubted.v = arena_new_array(arena, char *, most);
	ret->doubted.v[ret->doubted.n++] = reason;
}

static const struct policy_distro *find_entry(const struct policy *policy,
					      const struct spec *request,
					      const struct caller_facts *caller,
					      struct arena *arena, struct selection *ret)
{
	const struct policy_distro *found = NULL;

	for (size_t i = 0; i < policy->distros.n && !found; i++) {
		const struct policy_distro *entry = &policy->distros.v[i];
		const char *doubt;

		if (!matches_all(entry->match, request, caller))
			continue;
		doubt = find_doubt(entry, caller);
		if (doubt) {
			add_doubt(ret, policy->distros.n, arena,
				  arena_printf(arena, "distros[%zu] is passed over: %s", i, doubt));
			continue;
		}
		found = entry;
		ret->entry = arena_printf(arena, "distros[%zu]", i);
	}
	return found;
}

/* --- what that comes to --- */

struct policy_network *policy_networks_complete(const struct policy *said,
						const struct policy *general,
						const struct policy *defaults, struct arena *arena)
{
	struct policy_network *networks =
		arena_new_array(arena, struct policy_network, said->networks.n);
	struct policy_network inherited = *general->network;

	/* A way out of one network is none out of another, which may be a private one. */
	inherited.namespace_ = NULL;
	inherited.address = 0;
	inherited.address_pool = (struct word_or_object){ 0 };
	inherited.selectable.set = inherited.admin.set = inherited.allow_host.set = false;
	if (inherited.resolv_conf && inherited.resolv_conf[0] == '/')
		inherited.resolv_conf = NULL;
	if (inherited.hosts && inherited.hosts[0] == '/')
		inherited.hosts = NULL;
	for (size_t i = 0; i < said->networks.n; i++) {
		networks[i] = said->networks.v[i];
		fields_inherit(&policy_network_fields, &networks[i], &inherited, arena);
		fields_inherit(&policy_network_fields, &networks[i], defaults->network, arena);
	}
	return networks;
}

/* The entry's keys, then those of the network, then the general ones. */
static struct policy *compose(const struct policy *policy, const struct policy_distro *entry,
			      const struct policy_network *network, struct arena *arena)
{
	const struct policy_use *use = entry ? entry->network.object : NULL;
	struct policy *chosen = arena_new(arena, struct policy);
	struct policy general = *policy;

	general.network = NULL;
	general.networks.n = general.distros.n = 0;
	general.networks.v = NULL;
	general.distros.v = NULL;
	chosen->version = policy->version;
	chosen->network = arena_new(arena, struct policy_network);
	chosen->network->name = network->name;
	if (entry)
		fields_inherit(&policy_fields, chosen, &entry->keys, arena);
	if (use)
		fields_inherit(&policy_network_fields, chosen->network, &use->keys, arena);
	fields_inherit(&policy_network_fields, chosen->network, network, arena);
	fields_inherit(&policy_fields, chosen, &general, arena);
	/* what is kept by the limits of a parent is not where an entry has none */
	if (chosen->cgroup && chosen->cgroup->reserve && !policy_group_parent(chosen))
		*chosen->cgroup->reserve = (struct policy_reserve){ .memory.set = true,
								    .cpu.set = true,
								    .pids.set = true };
	return chosen;
}

/* A required one is not the entry's to say. */
static void note_keys(const struct fields *fields, const void *said, const char *group,
		      struct arena *arena, struct strlist *ret)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *field = &fields->rows[i];
		const void *inner;
		char *key;

		if (field->flags & FIELD_REQUIRED || field_is_absent(field, said))
			continue;
		key = arena_printf(arena, "%s%s", group, field->name);
		if (field->kind == FIELD_OBJECT) {
			memcpy(&inner, (const char *)said + field->offset, sizeof(inner));
			note_keys(field->sub, inner, arena_printf(arena, "%s.", key), arena, ret);
			continue;
		}
		if (!ret->v)
			ret->v = arena_new_array(arena, char *, KEYS_MAX);
		if (ret->n < KEYS_MAX)
			ret->v[ret->n++] = key;
	}
}

static struct strlist keys_of(const struct policy_distro *entry, struct arena *arena)
{
	const struct policy_use *use = entry ? entry->network.object : NULL;
	struct strlist ret = { 0 };

	if (use)
		note_keys(&policy_network_fields, &use->keys, "network.", arena, &ret);
	if (entry)
		note_keys(&policy_fields, &entry->keys, "", arena, &ret);
	return ret;
}

static int choose_named(const struct policy *policy, const struct caller_facts *caller,
			const struct policy_network **ret, struct err *e)
{
	const struct policy_network *network = policy_network(policy, caller->network);

	if (str_eq(caller->network, POLICY_NETWORK_DEFAULT))
		return 0;
	if (!network)
		return fail(
			e, ERR_POLICY,
			"%s names the network '%s', which the policy does not have; `distro-shim policy show` has those that there are",
			caller->network_by, caller->network);
	if (!network->selectable.value)
		return fail(
			e, ERR_POLICY,
			"%s names the network '%s', which is not to be chosen so; the administrator permits it with \"selectable\": true in networks.\"%s\"",
			caller->network_by, caller->network, caller->network);
	*ret = network;
	return 0;
}

/* The network that an entry names; NULL: it names none. */
static const char *named_by(const struct policy_distro *entry)
{
	const struct policy_use *use = entry->network.object;

	return use ? use->use : entry->network.word;
}

static bool takes_own(const struct policy_distro *entry)
{
	const struct policy_use *use = entry->network.object;

	return use && use->keys.namespace_;
}

int policy_select(struct policy *policy, const struct spec *request,
		  const struct caller_facts *caller, struct arena *arena, struct selection *ret,
		  struct err *e)
{
	const struct policy_network *network = NULL;
	struct selection selection = { 0 };
	const struct policy_distro *entry;
	const char *name;

	if (caller->network && choose_named(policy, caller, &network, e) < 0)
		return -1;
	if (!policy_has_choice(policy)) {
		*ret = (struct selection){ .policy = policy, .network = POLICY_NETWORK_DEFAULT };
		return 0;
	}
	if (network)
		selection.by = caller->network_by;
	entry = find_entry(policy, request, caller, arena, &selection);
	name = entry ? named_by(entry) : NULL;
	if (name || (entry && takes_own(entry))) {
		/* the general one has no entry there */
		network = name ? policy_network(policy, name) : NULL;
		selection.by = selection.entry;
	}
	selection.network = network ? network->name : POLICY_NETWORK_DEFAULT;
	selection.entry_keys = keys_of(entry, arena);
	selection.policy = compose(policy, entry, network ? network : policy->network, arena);
	*ret = selection;
	return 0;
}
