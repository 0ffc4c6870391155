/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every directory below tests/golden/policy is a case: what a config.json becomes under a policy on a
 * host. Compared are the decisions as people read them, with the verdict above them, and the spec
 * that comes out. UPDATE_GOLDEN=1 writes both anew. Runs anywhere, without root.
 *
 * tests/golden/refusals.txt is the table of all refusals: the sentences of all cases, one a line. That no refusal of the
 * rules is missing there says tests/lint/run.
 */
#include "base/auto.h"
#include "os/io.h"
#include "policy/policy.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
/* after the four above, as cmocka wants it */
#include <cmocka.h>

#include "made_file.h"

#define LIMIT (1u << 20)
#define CASES_MIN 45

struct golden {
	int dir;
	enum policy_path path;
	const char *name;
	struct arena *arena;
	struct spec *request;
	struct policy *policy;
	struct selection *selection; /* NULL: of a policy with one network */
	struct facts *facts;
	struct made_facts *made; /* RESTORED */
	struct confinement
		*confinement; /* as recorded; NULL: of an older program, or a new container */
	struct verdict verdict;
};

static char *read_text(const struct golden *g, const char *file, size_t *ret_length)
{
	struct err e = { 0 };
	autofree char *text = NULL;

	if (read_file_at(g->dir, file, LIMIT, &text, ret_length, &e) < 0)
		fail_msg("%s: %s", g->name, e.text);
	return arena_strndup(g->arena, text, *ret_length);
}

static void load(struct golden *g)
{
	struct policy *defaults = policy_default(g->arena, NULL);
	struct err e = { 0 };
	size_t length = 0;
	char *text;

	text = read_text(g, "config.json", &length);
	if (spec_decode_text(text, length, "config.json", g->arena, &g->request, &e) < 0)
		fail_msg("%s: %s", g->name, e.text);
	text = read_text(g, "policy.json", &length);
	if (policy_decode(text, length, "policy.json", defaults, g->arena, &g->policy, &e) < 0)
		fail_msg("%s: %s", g->name, e.text);
	text = read_text(g, "facts.json", &length);
	g->facts = arena_new(g->arena, struct facts);
	if (fields_decode_text(&facts_fields, "facts.json", text, length, g->arena, g->facts, &e) <
	    0)
		fail_msg("%s: %s", g->name, e.text);
}

/* What a path has beside these; NULL: the case has no such file. */
static void *load_optional(const struct golden *g, const struct fields *fields, const char *file)
{
	struct err e = { 0 };
	size_t length = 0;
	char *text;
	void *object;

	if (faccessat(g->dir, file, F_OK, 0) < 0)
		return NULL;
	text = read_text(g, file, &length);
	object = arena_alloc(g->arena, fields->size);
	if (fields_decode_text(fields, file, text, length, g->arena, object, &e) < 0)
		fail_msg("%s: %s", g->name, e.text);
	return object;
}

/* Of a policy with several networks, that for this request: with caller.json. False: it refuses the choice. */
static bool choose(struct golden *g, struct err *e)
{
	static const struct caller_facts unknown;
	const struct caller_facts *caller = load_optional(g, &caller_facts_fields, "caller.json");

	if (!policy_has_choice(g->policy))
		return true;
	g->selection = arena_new(g->arena, struct selection);
	if (policy_select(g->policy, g->request, caller ? caller : &unknown, g->arena, g->selection,
			  e) < 0)
		return false;
	g->policy = g->selection->policy;
	return true;
}

static void judge(struct golden *g, const struct policy *policy, struct verdict *ret)
{
	const struct subject subject = {
		.selection = g->selection,
		.path = g->path,
		.policy = policy,
		.request = g->path == PATH_RESTORED ? NULL : g->request,
		.confinement = g->confinement,
		.made = g->made,
	};

	policy_judge(&subject, g->facts, g->arena, ret);
}

static void print_verdict(const struct golden *g, struct strbuf *out)
{
	const struct verdict *verdict = &g->verdict;

	strbuf_printf(out, "network: %s", value_to_name(network_join_names, verdict->network.join));
	if (verdict->network.path)
		strbuf_printf(out, " %s", verdict->network.path);
	if (verdict->network.cookie)
		strbuf_printf(out, " cookie %llu", (unsigned long long)verdict->network.cookie);
	if (!(g->path & PATH_NEW))
		strbuf_printf(
			out, "\nconfinement: lock %s, peerDescriptors %s, denied %zu",
			verdict->confinement.lock == LOCK_STRICT ? "strict" : "open",
			value_to_name(peer_descriptor_names, verdict->confinement.peer_descriptors),
			verdict->confinement.denied.n);
	strbuf_printf(out, "\nrefused: %s\nobserved: %s\n\n", verdict->refused ? "yes" : "no",
		      verdict->observed ? "yes" : "no");
	decisions_print(&verdict->decisions, out);
}

static char *spec_text(const struct golden *g, const struct spec *spec)
{
	struct err e = { 0 };
	size_t length = 0;
	char *text = NULL;

	if (spec_encode_text(spec, true, g->arena, &text, &length, &e) < 0)
		fail_msg("%s: %s", g->name, e.text);
	return arena_printf(g->arena, "%s\n", text);
}

static void compare(const struct golden *g, const char *file, const char *text)
{
	struct err e = { 0 };
	size_t length = 0;

	if (getenv("UPDATE_GOLDEN")) {
		if (replace_file_at(g->dir, file, 0644, text, strlen(text), &e) < 0)
			fail_msg("%s: %s", g->name, e.text);
		return;
	}
	if (!str_eq(read_text(g, file, &length), text))
		fail_msg("%s/%s differs; it would be:\n%s", g->name, file, text);
}

/* The decisions alone lead from the request to the result (under observe: to what enforce gives). */
static void check_replay(struct golden *g)
{
	struct policy enforced = *g->policy;
	struct spec *replayed = NULL;
	struct verdict verdict;
	struct err e = { 0 };

	enforced.mode = POLICY_ENFORCE;
	judge(g, &enforced, &verdict);
	if (decisions_replay(g->request, &g->verdict.decisions, g->arena, &replayed, &e) < 0)
		fail_msg("%s: %s", g->name, e.text);
	if (!str_eq(spec_text(g, replayed), spec_text(g, verdict.spec)))
		fail_msg("%s: replayed:\n%s", g->name, spec_text(g, replayed));
}

/* What is decided about the result leaves it as it is. */
static void check_idempotence(const struct golden *g)
{
	struct golden again = *g;
	struct verdict verdict;

	if (g->verdict.refused)
		return;
	again.request = g->verdict.spec;
	judge(&again, g->policy, &verdict);
	if (!str_eq(spec_text(g, verdict.spec), spec_text(g, g->verdict.spec)))
		fail_msg("%s: judged again:\n%s", g->name, spec_text(g, verdict.spec));
}

/* explain and the state keep decisions as JSON: nothing is lost on the way. */
static void check_records(const struct golden *g)
{
	for (size_t i = 0; i < g->verdict.decisions.n; i++) {
		const struct decision *decision = &g->verdict.decisions.v[i];
		struct decision read = { 0 };
		struct err e = { 0 };
		size_t length = 0;
		char *text = NULL;

		if (fields_encode_text(&decision_fields, decision, false, g->arena, &text, &length,
				       &e) < 0 ||
		    fields_decode_text(&decision_fields, "decision", text, length, g->arena, &read,
				       &e) < 0)
			fail_msg("%s: %s", g->name, e.text);
		assert_string_equal(read.rule, decision->rule);
		assert_int_equal(read.action, decision->action);
		assert_true(str_eq(read.path, decision->path));
		assert_true(str_eq(read.before, decision->before));
		assert_true(str_eq(read.after, decision->after));
		assert_string_equal(read.why, decision->why);
	}
}

/* Every key that a text names, but where the file has it for the network, or the entry, that is chosen. */
static void check_key(const struct golden *g, const char *why, const char *key, const char *before)
{
	size_t length = strlen(before);

	for (const char *at = why; (at = strstr(at, key)); at++)
		if ((size_t)(at - why) < length || strncmp(at - length, before, length) != 0)
			fail_msg("%s: names %s where it does not help: %s", g->name, key, why);
}

static void check_keys_for(const struct golden *g, const struct network *chosen,
			   const struct strlist *keys, const char *before)
{
	struct golden named = *g;
	struct selection selection = {
		.policy = g->policy,
		.network = chosen->name,
		.entry = chosen->entry,
		.entry_keys = chosen->entry_keys,
	};
	struct verdict verdict;

	named.selection = &selection;
	judge(&named, g->policy, &verdict);
	for (size_t i = 0; i < verdict.decisions.n; i++)
		for (size_t k = 0; k < keys->n; k++)
			check_key(g, verdict.decisions.v[i].why, keys->v[k], before);
}

/* Parted by commas. */
static struct strlist list_of(struct arena *arena, const char *text)
{
	struct strlist list = { .v = arena_new_array(arena, char *, strlen(text)) };

	for (; *text; text += *text == ',') {
		size_t length = strcspn(text, ",");

		list.v[list.n++] = arena_strndup(arena, text, length);
		text += length;
	}
	return list;
}

/* As if the policy said the same of a network that has a name, or in an entry. */
static void check_keys(const struct golden *g)
{
	const struct strlist groups = list_of(
		g->arena,
		"network,namespaces,kernelMounts,hooks,criu,cgroup,capabilities,privileged");
	const struct strlist keys = list_of(
		g->arena,
		"network.,namespaces.ipc,namespaces.uts,namespaces.cgroup,namespaces.user.auto,kernelMounts,hooks.allow,hooks.output,in criu.config,cgroup.,capabilities.remove,set privileged");
	const struct strlist first = { .n = 1, .v = keys.v };
	const struct network lab = { .name = "lab" };
	const struct network entry = {
		.name = "lab",
		.entry = "distros[7]",
		.entry_keys = groups,
	};

	if (g->selection)
		return;
	check_keys_for(g, &lab, &first, "networks.\"lab\".");
	check_keys_for(g, &entry, &keys, "distros[7].");
}

static DIR *open_cases(const char *below)
{
	const char *source = getenv("DISTRO_SHIM_SOURCE");
	char path[PATH_MAX];
	struct err e = { 0 };
	DIR *cases;

	if (str_format(path, sizeof(path), &e, "%s/tests/golden/%s", source ? source : ".", below) <
	    0)
		fail_msg("%s", e.text);
	cases = opendir(path);
	if (!cases)
		fail_msg("cannot open '%s'", path);
	return cases;
}

/* --- all refusals --- */

#define REFUSALS_MAX 512
static struct refusals {
	struct arena arena;
	size_t n;
	const char *v[REFUSALS_MAX];
} refusals;

static void note_refusal(const char *rule, const char *why)
{
	assert_true(refusals.n < REFUSALS_MAX);
	refusals.v[refusals.n++] = arena_printf(&refusals.arena, "%s: %s\n", rule, why);
}

static void note_refusals(const struct decisions *decisions)
{
	for (size_t i = 0; i < decisions->n; i++) {
		const struct decision *decision = &decisions->v[i];

		if (decision->action == DECISION_REFUSE)
			note_refusal(decision->rule, decision->why);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void test_every_refusal_is_one_sentence_with_what_mends_it(void **state)
{
	struct golden g = { .name = "refusals", .dir = AT_FDCWD };
	autoarena arena = { 0 };
	autostrbuf text = { 0 };
	autoclosedir DIR *golden = open_cases("");

	(void)state;
	qsort(refusals.v, refusals.n, sizeof(refusals.v[0]), by_text);
	for (size_t i = 0; i < refusals.n; i++) {
		const char *sentence = refusals.v[i];

		/* what and why; what mends it */
		if (!strstr(sentence, "; "))
			fail_msg("says nothing of what mends it: %s", sentence);
		if (strchr(sentence, '\n') != sentence + strlen(sentence) - 1)
			fail_msg("is more than one line: %s", sentence);
		if (i == 0 || !str_eq(refusals.v[i - 1], sentence))
			strbuf_puts(&text, sentence);
	}
	g.dir = dirfd(golden);
	g.arena = &arena;
	compare(&g, "refusals.txt", strbuf_text(&text));
	arena_release(&refusals.arena);
}

/* --- cases --- */

static void run_case(enum policy_path path, int dir, const char *name)
{
	struct arena arena = { 0 };
	struct golden g = { .path = path, .dir = dir, .name = name, .arena = &arena };
	autostrbuf text = { 0 };
	struct made_file *made;
	struct err e = { 0 };

	load(&g);
	if (!choose(&g, &e)) {
		note_refusal("networks", e.text);
		compare(&g, "decisions.txt", arena_printf(&arena, "no network: %s\n", e.text));
		arena_release(&arena);
		return;
	}
	made = load_optional(&g, &made_fields, "made.json");
	g.made = made ? &made->processes : NULL;
	g.confinement = load_optional(&g, &confinement_fields, "confinement.json");
	judge(&g, g.policy, &g.verdict);
	note_refusals(&g.verdict.decisions);
	print_verdict(&g, &text);
	compare(&g, "decisions.txt", strbuf_text(&text));
	/* of what criu has made there is no request */
	if (path != PATH_RESTORED) {
		compare(&g, "spec.json", spec_text(&g, g.verdict.spec));
		check_replay(&g);
		check_idempotence(&g);
	}
	check_records(&g);
	check_keys(&g);
	arena_release(&arena);
}

static void run_cases(enum policy_path path, const char *below, size_t least)
{
	autoclosedir DIR *cases = open_cases(below);
	const struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(cases))) {
		autoclose int dir = -1;

		if (entry->d_name[0] == '.')
			continue;
		dir = openat(dirfd(cases), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			fail_msg("cannot open '%s'", entry->d_name);
		run_case(path, dir, entry->d_name);
		count++;
	}
	assert_true(count >= least);
}

static void test_every_golden_case_has_its_decisions_and_its_spec(void **state)
{
	(void)state;
	run_cases(PATH_CREATE, "policy", CASES_MIN);
}

static void test_what_is_asked_of_a_container_that_exists_is_judged_too(void **state)
{
	(void)state;
	run_cases(PATH_EXEC, "judge/exec", 6);
	run_cases(PATH_MOUNTS, "judge/mounts", 5);
	run_cases(PATH_RESTORED, "judge/restored", 4);
	run_cases(PATH_RESTORE, "judge/restore", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_golden_case_has_its_decisions_and_its_spec),
		cmocka_unit_test(test_what_is_asked_of_a_container_that_exists_is_judged_too),
		/* last: of the cases before */
		cmocka_unit_test(test_every_refusal_is_one_sentence_with_what_mends_it),
	};

	return cmocka_run_group_tests_name("policy_golden", tests, NULL, NULL);
}
