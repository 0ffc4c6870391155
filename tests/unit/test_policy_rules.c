/* SPDX-License-Identifier: Apache-2.0 */
/*
 * That each rule and each key of the policy is for something, and that the properties see it: without any one rule some
 * property fails, and without any one key of a generated policy something else is decided. Runs anywhere, without root.
 */
#include "base/auto.h"
#include "base/fields_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#include "policy_shrink.h"

static void begin_round(struct round *r, struct arena *arena, const struct rule *rules, size_t i)
{
	*r = (struct round){ .arena = arena, .name = "round", .rules = rules };
	sequence = 5 + i * 0x632be59bd9b4e019;
	generate_round(r);
}

/* --- without a rule --- */

#define RULES_MAX 64
#define ROUNDS_WITHOUT 20000

static bool is_missed(const struct rule *rules)
{
	for (size_t i = 0; i < ROUNDS_WITHOUT; i++) {
		struct arena arena = { 0 };
		struct round r;
		bool accepted, holds;

		begin_round(&r, &arena, rules, i);
		holds = property_holds(check_choice_and_round, &r, &accepted);
		arena_release(&arena);
		if (!holds)
			return true;
	}
	return false;
}

static void test_each_rule_is_missed_where_it_is_left_out(void **state)
{
	struct rule rules[RULES_MAX];

	(void)state;
	for (const struct rule *without = policy_rules; without->id; without++) {
		size_t n = 0;

		for (const struct rule *rule = policy_rules; rule->id; rule++)
			if (rule != without)
				rules[n++] = *rule;
		assert_true(n + 1 < RULES_MAX);
		rules[n] = (struct rule){ 0 };
		if (!is_missed(rules))
			fail_msg("%s: no property fails without this rule", without->id);
	}
}

/* And on each path on which it is judged. */
static void test_each_rule_is_missed_on_each_of_its_paths(void **state)
{
	static const unsigned all[] = { PATH_CREATE, PATH_RESTORE, PATH_EXEC,
					PATH_MOUNTS, PATH_UPDATE,  PATH_RESTORED };
	struct rule rules[RULES_MAX];
	size_t n = 0;

	(void)state;
	while (policy_rules[n].id) {
		assert_true(n + 1 < RULES_MAX);
		rules[n] = policy_rules[n];
		n++;
	}
	rules[n] = (struct rule){ 0 };
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(all); k++) {
			if (!(policy_rules[i].paths & all[k]))
				continue;
			rules[i].paths = policy_rules[i].paths & ~all[k];
			if (!is_missed(rules))
				fail_msg("%s: no property fails without it on path %s", rules[i].id,
					 audit_request_name(all[k]));
			rules[i].paths = policy_rules[i].paths;
		}
}

/* --- without a key --- */

#define KEYS_MAX 256
#define ROUNDS_OF_KEYS 60000

/* What is decided of a request does not depend on these, outside and in an entry of `distros`. */
static const char *const decides_nothing[] = {
	"hooks.timeout", "audit", "audit.to",
	"network.selectable", /* of the general one, which can be named by all */
};

struct key {
	const struct field *row;
	const char *name;
	bool counts;
};
static struct keys {
	struct arena arena;
	size_t n;
	struct key v[KEYS_MAX];
} keys;

/* How many words a file can say. */
static size_t count_words(const struct field *row)
{
	size_t n = 0;

	for (const struct name_row *name = field_names(row); name && name->name; name++)
		n++;
	return n;
}

static bool is_of_no_account(const struct field *row, const char *name)
{
	const char *general =
		str_has_prefix(name, "distros[].") ? name + strlen("distros[].") : name;

	for (size_t i = 0; i < ARRAY_SIZE(decides_nothing); i++)
		if (str_eq(general, decides_nothing[i]))
			return true;
	/* a key that cannot be left out, and what a file can say in one way alone */
	return row->flags & FIELD_REQUIRED || row->kind == FIELD_BOOL ||
	       (row->kind == FIELD_RAW && field_key(row)->preset) ||
	       (row->kind == FIELD_ENUM && count_words(row) < 2);
}

static void list_keys(const struct fields *fields, const char *around)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];
		const char *name = arena_printf(&keys.arena, "%s%s", around, row->name);
		bool several = row->kind == FIELD_LIST || row->kind == FIELD_MAP;

		if (field_sub(row))
			list_keys(field_sub(row),
				  arena_printf(&keys.arena, "%s%s", name, several ? "[]." : "."));
		if (row->kind == FIELD_OBJECT)
			continue;
		assert_true(keys.n < KEYS_MAX);
		keys.v[keys.n++] = (struct key){ row, name, is_of_no_account(row, name) };
	}
}

/* A row of `distros` is another one than that of the same key outside. */
static struct key *find_key(const struct field *row, const char *name)
{
	for (size_t i = 0; i < keys.n; i++)
		if (keys.v[i].row == row && str_eq(keys.v[i].name, name))
			return &keys.v[i];
	fail_msg("%s: is no key", name);
	return NULL;
}

/* One member of a policy that was not seen to count yet, and where it hangs. */
struct said {
	struct json_value *object, *member;
	struct key *key;
};
struct saids {
	size_t n;
	struct said v[KEYS_MAX];
};

static void list_said(struct arena *arena, const struct fields *fields, struct json_value *object,
		      const char *around, struct saids *ret)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct field *row = &fields->rows[i];
		struct json_value *member = json_get(object, row->name);
		const char *name = arena_printf(arena, "%s%s", around, row->name);
		const char *in_it = arena_printf(arena, "%s[].", name);

		if (!member)
			continue;
		if (row->kind == FIELD_LIST || row->kind == FIELD_MAP)
			for (struct json_value *child = member->first; child; child = child->next)
				list_said(arena, row->sub, child, in_it, ret);
		else if (field_sub(row) && member->kind == JSON_OBJECT)
			list_said(arena, row->sub, member, arena_printf(arena, "%s.", name), ret);
		if (row->kind != FIELD_OBJECT && ret->n < KEYS_MAX && !find_key(row, name)->counts)
			ret->v[ret->n++] = (struct said){ object, member, find_key(row, name) };
	}
}

/* What is decided, as one number. */
static uint64_t decided(struct round *r)
{
	struct verdict verdict;
	uint64_t h = 1;

	if (!r->chosen)
		return 0;
	judge_as(r, r->request, r->selection ? r->selection->policy : r->full, r->facts, &verdict);
	for (size_t i = 0; i < verdict.decisions.n; i++)
		h = hash_fields(h, &decision_fields, &verdict.decisions.v[i]);
	h = hash_fields(h, &spec_fields, verdict.spec);
	h = hash_fields(h, &confinement_fields, &verdict.confinement);
	if (verdict.address)
		h = hash_fields(h, &address_record_fields, verdict.address);
	h = hash_text(h, verdict.network.path);
	return h * 8 + (verdict.refused ? 4 : 0) + (verdict.observed ? 2 : 0) +
	       (verdict.group_exclusive ? 1 : 0);
}

static void take_a_key_away(struct round *r)
{
	struct json_value *tree = tree_of_text(r->arena, r->policy_text);
	struct saids said = { 0 };
	struct said *one;
	uint64_t before = decided(r);
	struct err e;

	list_said(r->arena, &policy_fields, tree, "", &said);
	if (!said.n)
		return;
	one = &said.v[below(said.n)];
	take_out(one->object, one->member->key);
	r->policy_text = tree_text(r->arena, tree, false);
	r->full = read_policy(r, r->policy_text, &e);
	/* what needs another key is not a policy without it */
	if (!r->full)
		return;
	if (is_new(r))
		choose_policy(r, &e);
	one->key->counts = decided(r) != before;
}

static void test_each_key_changes_what_is_decided(void **state)
{
	size_t missing = 0;

	(void)state;
	list_keys(&policy_fields, "");
	for (size_t i = 0; i < ROUNDS_OF_KEYS; i++) {
		struct arena arena = { 0 };
		struct round r;

		begin_round(&r, &arena, NULL, i);
		if (r.facts)
			take_a_key_away(&r);
		arena_release(&arena);
	}
	for (size_t i = 0; i < keys.n; i++)
		if (!keys.v[i].counts) {
			print_error(
				"%s: changes nothing that is decided; does "
				"policy_generate_policy.h say it, and what its rule looks at?\n",
				keys.v[i].name);
			missing++;
		}
	arena_release(&keys.arena);
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_rule_is_missed_where_it_is_left_out),
		cmocka_unit_test(test_each_rule_is_missed_on_each_of_its_paths),
		cmocka_unit_test(test_each_key_changes_what_is_decided),
	};

	return cmocka_run_group_tests_name("policy_rules", tests, NULL, NULL);
}
