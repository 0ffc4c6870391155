/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a policy file. What is refused is refused as such, and names the file; what is accepted is
 * complete, reads back to the same, and gives a verdict on a fixed request that replays.
 */
#include "../unit/judge.h"
#include "base/auto.h"
#include "base/fields_inherit.h"
#include "policy/policy.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something for every rule to do. */
static const char request_text[] =
	"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"},"
	"\"process\":{\"cwd\":\"/\",\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
	"\"capabilities\":{\"bounding\":[\"CAP_NET_RAW\",\"CAP_SYS_ADMIN\"]}},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"bind\",\"source\":\"/proc\"},"
	"{\"destination\":\"/sys\",\"type\":\"bind\",\"source\":\"/sys\"},"
	"{\"destination\":\"/etc/hosts\",\"type\":\"bind\",\"source\":\"/x\"}],"
	"\"linux\":{\"namespaces\":[{\"type\":\"network\"},{\"type\":\"ipc\",\"path\":\"/proc/9/ns/"
	"ipc\"},"
	"{\"type\":\"mount\"}],\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"}}}";
static const char facts_text[] =
	"{\"network\":{\"path\":\"/run/netns/"
	"distros\",\"type\":\"network\",\"device\":4,\"inode\":42,"
	"\"cookie\":43,\"owned\":true},\"requested\":[{\"path\":\"/proc/9/ns/"
	"ipc\",\"type\":\"ipc\","
	"\"device\":4,\"inode\":9}],\"members\":[{\"id\":\"a\",\"cookie\":43}],"
	"\"resolvConf\":\"/etc/netns/distros/resolv.conf\",\"hosts\":\"/etc/netns/distros/hosts\"}";

static void stop(const char *what, const char *text)
{
	fprintf(stderr, "%s: %s\n", what, text);
	abort();
}

static char *encoded(const struct fields *fields, const void *object, struct arena *arena)
{
	struct err e = { 0 };
	size_t length = 0;
	char *text = NULL;

	if (fields_encode_text(fields, object, false, arena, &text, &length, &e) < 0)
		stop("not written", e.text);
	return text;
}

static void check_every_key(const struct fields *fields, const void *object)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];

		/* what has no default may be absent */
		if (row->kind != FIELD_OBJECT && !field_key(row)->preset && row->kind != FIELD_I64)
			continue;
		if (field_is_absent(row, object))
			stop("not in a policy in force", row->name);
		if (row->kind == FIELD_OBJECT)
			check_every_key(field_sub(row),
					*(void *const *)((const char *)object + row->offset));
	}
}

static void check_reads_back(const struct policy *policy, struct arena *arena)
{
	const char *text = encoded(&policy_fields, policy, arena);
	struct policy *again = NULL;
	struct err e = { 0 };

	if (policy_decode(text, strlen(text), "again", policy_default(arena, NULL), arena, &again,
			  &e) < 0)
		stop("not read again", e.text);
	if (!str_eq(encoded(&policy_fields, again, arena), text))
		stop("not the same", text);
}

static void check_verdict(const struct policy *policy, struct arena *arena)
{
	struct facts *facts = arena_new(arena, struct facts);
	struct spec *request = NULL, *replayed = NULL;
	struct verdict verdict;
	struct err e = { 0 };

	if (spec_decode_text(request_text, strlen(request_text), "config.json", arena, &request,
			     &e) < 0 ||
	    fields_decode_text(&facts_fields, "facts", facts_text, strlen(facts_text), arena, facts,
			       &e) < 0)
		stop("fixed input", e.text);
	judge_new(request, policy, facts, arena, &verdict);
	if (decisions_replay(request, &verdict.decisions, arena, &replayed, &e) < 0)
		stop("not replayed", e.text);
	if (!verdict.observed && !str_eq(encoded(&spec_fields, replayed, arena),
					 encoded(&spec_fields, verdict.spec, arena)))
		stop("replayed to something else", encoded(&spec_fields, replayed, arena));
	if (verdict.observed && !str_eq(encoded(&spec_fields, request, arena),
					encoded(&spec_fields, verdict.spec, arena)))
		stop("changed under observe", encoded(&spec_fields, verdict.spec, arena));
}

/* Whatever is chosen is a whole policy with one network. */
static void check_selection(struct policy *policy, struct arena *arena)
{
	const struct caller_facts caller = {
		.owner = 1000,
		.owner_name = arena_strdup(arena, "ann"),
		.engine = arena_strdup(arena, "docker"),
		.id = arena_strdup(arena, "web-1"),
		.bundle = arena_strdup(arena, "/run/b"),
		.rootfs = arena_strdup(arena, "/srv/lab/rootfs"),
		.network = policy->networks.n ? policy->networks.v[0].name : NULL,
		.network_by = arena_strdup(arena, "--network"),
	};
	struct selection selection = { 0 };
	struct spec *request = NULL;
	struct err e = { 0 };

	if (spec_decode_text(request_text, strlen(request_text), "config.json", arena, &request,
			     &e) < 0)
		stop("fixed input", e.text);
	if (policy_select(policy, request, &caller, arena, &selection, &e) < 0) {
		if (e.kind != ERR_POLICY)
			stop("a refusal without form", e.text);
		return;
	}
	check_every_key(&policy_fields, selection.policy);
	if (selection.policy->networks.n || selection.policy->distros.n)
		stop("more than one network", encoded(&policy_fields, selection.policy, arena));
	check_verdict(selection.policy, arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	struct policy *policy = NULL;
	struct err e = { 0 };

	if (policy_decode((const char *)data, size, "fuzz", policy_default(&arena, NULL), &arena,
			  &policy, &e) < 0) {
		if (e.kind != ERR_POLICY || !str_has_prefix(e.text, "fuzz:") || policy)
			stop("a refusal without form", e.text);
		return 0;
	}
	check_every_key(&policy_fields, policy);
	check_reads_back(policy, &arena);
	check_selection(policy, &arena);
	return 0;
}
