/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy file: bytes to a complete struct policy, by the rows of keys.c. Pure: the file was found, trusted and read
 * elsewhere.
 */
#include "base/fields_check.h"
#include "base/fields_inherit.h"
#include "policy/checks.h"
#include "policy/policy.h"

#include <stdlib.h>

/* Looked at before anything else: a later version's keys would only be reported as unknown. A version
 * that is missing or no number is reported by the table. */
static int check_version(const struct json_source *source, const struct json_value *root,
			 struct err *e)
{
	const struct json_value *version = json_get(root, "version");
	int64_t number = 0;

	if (!version || version->kind != JSON_NUMBER ||
	    (parse_i64(version->text, &number) && number == POLICY_VERSION))
		return 0;
	return json_fail(source, version, e, "version: must be %d, is %s", POLICY_VERSION,
			 version->text);
}

/* A broken policy file is not an error of the config: engines and tests look at the kind. */
static int policy_error(struct err *e)
{
	if (e->kind == ERR_CONFIG)
		e->kind = ERR_POLICY;
	return -1;
}

int policy_read(const char *text, size_t length, const char *name, struct arena *arena,
		struct policy **ret, struct err *e)
{
	const struct json_source source = { .name = name, .text = text, .length = length };
	struct policy *policy = arena_new(arena, struct policy);
	struct json_value *root = NULL;

	if (json_parse(&source, arena, &root, e) < 0 || check_version(&source, root, e) < 0 ||
	    fields_decode(&policy_fields, &source, root, arena, policy, e) < 0 ||
	    fields_check(&policy_fields, &source, root, policy, arena, e) < 0 ||
	    policy_check_networks(&source, root, policy, arena, e) < 0)
		return policy_error(e);
	*ret = policy;
	return 0;
}

struct policy *policy_complete(const struct policy *said, const struct policy *defaults,
			       struct arena *arena)
{
	struct policy *policy = arena_new(arena, struct policy);

	policy->version = said->version;
	fields_inherit(&policy_fields, policy, said, arena);
	fields_inherit(&policy_fields, policy, defaults, arena);
	if (said->networks.n > 0)
		policy->networks.v = policy_networks_complete(said, policy, defaults, arena);
	return policy;
}

int policy_decode(const char *text, size_t length, const char *name, const struct policy *defaults,
		  struct arena *arena, struct policy **ret, struct err *e)
{
	struct policy *said;

	if (policy_read(text, length, name, arena, &said, e) < 0)
		return -1;
	*ret = policy_complete(said, defaults, arena);
	return 0;
}

struct policy *policy_default(struct arena *arena, const char *rootless_network)
{
	struct policy *policy = arena_new(arena, struct policy);
	struct err e;

	/* the presets are constants, which tests read */
	if (fields_presets(&policy_fields, arena, policy, &e) < 0)
		abort();
	if (rootless_network)
		policy->network->namespace_ = arena_strdup(arena, rootless_network);
	return policy;
}
