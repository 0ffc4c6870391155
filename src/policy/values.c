/* SPDX-License-Identifier: Apache-2.0 */
/* See values.h. Pure. */
#include "policy/values.h"

#include "base/auto.h"
#include "base/capabilities.h"
#include "base/cidr.h"
#include "base/path.h"
#include "base/slice.h"
#include "policy/policy.h"
#include "policy/sysctl.h"

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
const struct field_check network_check = {
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
const struct field_check sysctls_check = {
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
const struct field_check file_choice_check = {
	.run = check_file_choice,
	.schema = "{\"pattern\": \"^(/.*|auto|engine)$\"}",
	.values = "\"auto\", \"engine\", a path",
};

/* Ids of the host by which nothing of the machine is meant; the last number is not an id, but means none. */
static int check_range(const struct field_value *value, struct err *e)
{
	const struct u32list *range = value->member;

	if (range->n != 2)
		return json_fail(value->source, value->at, e,
				 "%s: must be two numbers, the first id and how many, has %zu",
				 value->path, range->n);
	if (range->v[0] < POLICY_IDS_MIN)
		return json_fail(
			value->source, value->at->first, e,
			"%s[0]: must be %u or above, because the ids below are those of the machine's own users, is %u",
			value->path, POLICY_IDS_MIN, range->v[0]);
	if (range->v[1] == 0)
		return json_fail(value->source, value->at->first->next, e,
				 "%s[1]: must be a number of ids above 0, is 0", value->path);
	if (range->v[1] > UINT32_MAX - range->v[0])
		return json_fail(
			value->source, value->at->first->next, e,
			"%s[1]: must be at most %u behind %u, because no id is above %u, is %u",
			value->path, UINT32_MAX - range->v[0], range->v[0], UINT32_MAX - 1,
			range->v[1]);
	return 0;
}
const struct field_check range_check = {
	.run = check_range,
	.schema = "{\"minItems\": 2, \"maxItems\": 2}",
	.values = "the first id, how many",
};

static int check_user(const struct field_value *value, struct err *e)
{
	const struct word_or_object *said = value->member;
	const struct policy_user *user = said->object;
	const struct json_value *at = json_get(value->at, "auto");
	const struct json_value *size = json_get(at, "size");

	if (!user && !str_eq(said->word, "requested"))
		return json_fail(value->source, value->at, e,
				 "%s: must be \"requested\" or an object with auto, is \"%s\"",
				 value->path, said->word);
	/* a range that is none is said of it alone */
	if (!user || user->auto_->range.n != 2 || user->auto_->range.v[1] == 0)
		return 0;
	if (user->auto_->size.set && user->auto_->size.value == 0)
		return json_fail(value->source, size, e,
				 "%s.auto.size: must be a number of ids above 0, is 0",
				 value->path);
	if (user->auto_->size.set && user->auto_->size.value > user->auto_->range.v[1])
		return json_fail(value->source, size, e,
				 "%s.auto.size: must be at most %u, as many as range has, is %u",
				 value->path, user->auto_->range.v[1], user->auto_->size.value);
	if (!user->auto_->size.set && user->auto_->range.v[1] < POLICY_IDS_SIZE)
		return json_fail(
			value->source, at, e,
			"%s.auto: range has %u ids and a container %u; make it larger, or set size",
			value->path, user->auto_->range.v[1], POLICY_IDS_SIZE);
	return 0;
}
const struct field_check user_check = {
	.run = check_user,
	.schema = "{\"oneOf\": [{\"type\": \"string\", \"enum\": [\"requested\"]}, {\"type\": "
		  "\"object\", \"required\": [\"auto\"], \"additionalProperties\": false, "
		  "\"properties\": {\"auto\": {\"type\": \"object\", \"required\": [\"range\"], "
		  "\"additionalProperties\": false, \"properties\": {\"range\": {\"type\": "
		  "\"array\", \"minItems\": 2, \"maxItems\": 2, \"items\": {\"type\": "
		  "\"integer\", \"minimum\": 1, \"maximum\": 4294967294}}, \"size\": "
		  "{\"type\": \"integer\", \"minimum\": 1, \"maximum\": 4294967294, "
		  "\"default\": 65536}}}}}]}",
	.values = "\"requested\", an object with auto",
};

static int check_seconds(const struct field_value *value, struct err *e)
{
	const struct opt_u32 *seconds = value->member;

	if (seconds->value > 0)
		return 0;
	return json_fail(value->source, value->at, e,
			 "%s: must be a number of seconds above 0, is 0", value->path);
}
const struct field_check seconds_check = {
	.run = check_seconds,
	.schema = "{\"minimum\": 1}",
	.values = "seconds",
};

const struct field_check bytes_check = { .values = "bytes" };

#define PERCENT_MAX 99 /* something is left */

static int check_percent(const struct field_value *value, struct err *e)
{
	const struct opt_u64 *percent = value->member;

	if (percent->value <= PERCENT_MAX)
		return 0;
	return json_fail(value->source, value->at, e,
			 "%s: must be a percentage from 0 to %d, is %llu", value->path, PERCENT_MAX,
			 (unsigned long long)percent->value);
}
const struct field_check percent_check = {
	.run = check_percent,
	.schema = "{\"minimum\": 0, \"maximum\": 99}",
	.values = "a percentage",
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
const struct field_check share_source_check = {
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
const struct field_check share_destination_check = {
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
const struct field_check share_check = {
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
const struct field_check capabilities_check = {
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
const struct field_check paths_check = {
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
const struct field_check places_check = {
	.run = check_places,
	.schema = "{\"items\": {\"type\": \"string\", \"pattern\": \"^(/|" CLEAN_PATH "/?)$\"}}",
	.values = "a list of absolute paths",
};

static bool is_group(const char *path)
{
	struct path_part part;

	if (!is_absolute(path) || path_has_detour(path + 1))
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	while (path_next(&path, &part))
		if (part.length > UNIT_NAME_MAX)
			return false;
	return true;
}

static int check_parent(const struct field_value *value, struct err *e)
{
	const char *parent = *(char *const *)value->member;

	if (str_eq(parent, POLICY_PARENT_NONE) || is_group(parent) ||
	    (!slice_name_problem(parent) && !str_eq(parent, "-.slice")))
		return 0;
	return json_fail(
		value->source, value->at, e,
		"%s: must be the path of a group below /, without \".\" and \"..\", the name of a slice or \"" POLICY_PARENT_NONE
		"\", is \"%s\"",
		value->path, parent);
}
const struct field_check parent_check = {
	.run = check_parent,
	.schema = "{\"pattern\": \"^(" CLEAN_PATH
		  "|[A-Za-z0-9:_.@\\\\\\\\-]+\\\\.slice|" POLICY_PARENT_NONE ")$\"}",
	.values = "a path, the name of a slice, \"" POLICY_PARENT_NONE "\"",
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
const struct field_check audit_check = {
	.run = check_audit,
	.schema = "{\"oneOf\": [{\"type\": \"string\", \"pattern\": \"^(" CLEAN_PATH
		  "|journal|syslog|" POLICY_AUDIT_NONE ")$\"}, {\"type\": \"object\", "
		  "\"required\": [\"to\"], \"additionalProperties\": false, \"properties\": "
		  "{\"to\": {\"type\": \"string\", \"pattern\": \"^(" CLEAN_PATH
		  "|journal|syslog)$\"}, \"required\": {\"type\": \"boolean\", \"default\": "
		  "false}}}]}",
	.values = "a path, \"journal\", \"syslog\", \"none\", an object",
};

static int check_pool_of(const struct field_value *value, bool v6, struct err *e)
{
	const char *text = *(char *const *)value->member;
	const char *problem = cidr_pool_problem(text, v6);

	if (!problem)
		return 0;
	return json_fail(value->source, value->at, e, "%s: %s, is \"%s\"", value->path, problem,
			 text);
}
static int check_pool4(const struct field_value *value, struct err *e)
{
	return check_pool_of(value, false, e);
}
static int check_pool6(const struct field_value *value, struct err *e)
{
	return check_pool_of(value, true, e);
}
const struct field_check pool4_check = {
	.run = check_pool4,
	.schema = "{\"pattern\": \"^[0-9.]+/[0-9]+$\"}",
	.values = "a network",
};
const struct field_check pool6_check = {
	.run = check_pool6,
	.schema = "{\"pattern\": \"^[0-9A-Fa-f:.]+/[0-9]+$\"}",
	.values = "a network",
};

static int check_pool(const struct field_value *value, struct err *e)
{
	const struct word_or_object *said = value->member;
	const struct policy_pool *pool = said->object;

	if (!pool && !str_eq(said->word, POLICY_POOL_NONE))
		return json_fail(value->source, value->at, e,
				 "%s: must be \"" POLICY_POOL_NONE
				 "\" or an object with v4 or v6, is \"%s\"",
				 value->path, said->word);
	if (pool && !pool->v4 && !pool->v6)
		return json_fail(value->source, value->at, e, "%s: has neither v4 nor v6",
				 value->path);
	return 0;
}
const struct field_check pool_check = {
	.run = check_pool,
	.schema = "{\"oneOf\": [{\"type\": \"string\", \"enum\": [\"" POLICY_POOL_NONE
		  "\"]}, {\"type\": \"object\", \"minProperties\": 1, "
		  "\"additionalProperties\": false, \"properties\": {\"v4\": {\"type\": "
		  "\"string\", \"pattern\": \"^[0-9.]+/[0-9]+$\"}, \"v6\": {\"type\": "
		  "\"string\", \"pattern\": \"^[0-9A-Fa-f:.]+/[0-9]+$\"}}}]}",
	.values = "\"" POLICY_POOL_NONE "\", an object with v4 and v6",
};
