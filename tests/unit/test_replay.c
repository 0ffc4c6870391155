/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call that a real engine was seen to make ($DISTRO_SHIM_SHARED/samples: argv, and the config.json,
 * process.json or resources that came with it) goes through the command line, the policy and the plan of a
 * willing host. Each must be accepted, or every line of its error be in tests/data/replay-refused, which
 * has the reason. A row that nothing needs any more is only mentioned: features come one by one. Needs no
 * root; skipped where there are no samples.
 */
#include "base/auto.h"
#include "cli/cli.h"
#include "os/io.h"
#include "plan/make.h"

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "judge.h"

#define LIMIT (4u << 20)
#define ROWS_MAX 64
#define CALLS_MIN 400

/* A refusal that is known, and what was seen of it. */
struct row {
	const char *text, *reason;
	unsigned seen;
	char *example;
};

static struct replay {
	struct arena arena; /* of the rows */
	struct row rows[ROWS_MAX];
	size_t n;
	unsigned accepted, refused, unknown;
} replay;

/* One call. */
struct sample {
	struct arena arena;
	const char *directory;
	struct cli_call call;
	bool refused;
};

static const char *environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return str_empty(value) ? otherwise : value;
}

static char *read_text(struct arena *arena, const char *path, size_t *ret_length)
{
	autofree char *text = NULL;
	struct err e = { 0 };

	if (access(path, F_OK) < 0)
		return NULL;
	if (read_file_at(AT_FDCWD, path, LIMIT, &text, ret_length, &e) < 0)
		fail_msg("%s", e.text);
	return arena_strndup(arena, text, *ret_length);
}

static char *sample_file(struct sample *s, const char *name, size_t *ret_length)
{
	return read_text(&s->arena, arena_printf(&s->arena, "%s/%s", s->directory, name),
			 ret_length);
}

/* --- what was sent --- */

static int parse_arguments(struct sample *s, struct err *e)
{
	size_t length = 0, n = 0;
	char *text = sample_file(s, "argv", &length);
	char **argv = arena_new_array(&s->arena, char *, length + 2);

	argv[n++] = arena_strdup(&s->arena, "distro-shim");
	for (char *line = text; *line;) {
		size_t end = strcspn(line, "\n");

		argv[n++] = arena_strndup(&s->arena, line, end);
		line += end + (line[end] == '\n');
	}
	return cli_parse(argv, &s->arena, &s->call, e);
}

/* Everything that the config names by path is there and has the right type; the shared network is. */
static struct facts *willing_host(struct sample *s, const struct spec *spec)
{
	static const char text[] =
		"{\"lastCap\":40,\"bounding\":2199023255551,\"effective\":2199023255551,"
		"\"rootfs\":\"/bundle/rootfs\",\"network\":{\"path\":\"/run/netns/distros\","
		"\"type\":\"network\",\"device\":4,\"inode\":42,\"cookie\":42,\"owned\":true},"
		"\"cgroup\":{\"layout\":\"v1\",\"hierarchies\":[{\"mountPoint\":\"/sys/fs/cgroup/"
		"a\","
		"\"controllers\":[\"memory\",\"pids\",\"cpu\",\"cpuset\",\"devices\",\"blkio\","
		"\"freezer\",\"hugetlb\"]}]}}";
	struct facts *facts = arena_new(&s->arena, struct facts);
	struct err e = { 0 };

	if (fields_decode_text(&facts_fields, "facts", text, strlen(text), &s->arena, facts, &e) <
	    0)
		fail_msg("%s", e.text);
	if (!spec->linux_)
		return facts;
	facts->requested.v =
		arena_new_array(&s->arena, struct ns_facts, spec->linux_->namespaces.n);
	for (size_t i = 0; i < spec->linux_->namespaces.n; i++) {
		const struct spec_namespace *namespace = &spec->linux_->namespaces.v[i];

		if (namespace->path)
			facts->requested.v[facts->requested.n++] = (struct ns_facts){
				.path = namespace->path,
				.type = namespace->type,
				.device = 4,
				.inode = 1000 + i,
				.cookie = 1000 + i,
				.owned = true,
			};
	}
	return facts;
}

/* --- what is known --- */

static void load_rows(void)
{
	const char *path = arena_printf(&replay.arena, "%s/tests/data/replay-refused",
					environment("DISTRO_SHIM_SOURCE", "."));
	size_t length = 0;
	char *line = read_text(&replay.arena, path, &length);

	if (!line) {
		fail_msg("'%s' is not there", path);
		return;
	}
	for (char *next; *line; line = next) {
		size_t end = strcspn(line, "\n");

		next = line + end + (line[end] == '\n');
		line[end] = '\0';
		char *tab = strchr(line, '\t');
		if (*line == '#' || !*line)
			continue;
		if (!tab || replay.n == ROWS_MAX)
			fail_msg("%s: a row is a text, a tab and the reason: %s", path, line);
		*tab = '\0';
		replay.rows[replay.n++] = (struct row){ .text = line, .reason = tab + 1 };
	}
}

static bool is_known(const char *line, const char *directory)
{
	for (size_t i = 0; i < replay.n; i++) {
		struct row *row = &replay.rows[i];

		if (!strstr(line, row->text))
			continue;
		if (row->seen++ == 0)
			row->example = arena_strdup(&replay.arena, directory);
		return true;
	}
	return false;
}

/* Each line of the error has to be known. */
static void refused(struct sample *s, struct err *e)
{
	char *text = e->text;

	s->refused = true;
	while (*text) {
		char *line = text;
		size_t end = strcspn(line, "\n");

		text += end + (line[end] == '\n');
		line[end] = '\0';
		if (is_known(line, s->directory))
			continue;
		print_error("%s: %s\n", s->directory, line);
		replay.unknown++;
	}
}

/* --- the steps; after one that refuses the next is tried all the same --- */

/* What container_preview() does, on the willing host instead of this one. */
static void replay_config(struct sample *s, const char *text, size_t length)
{
	const struct cli_values *values = &s->call.values;
	const struct plan_options options = {
		.id = "replayed",
		.bundle = "/bundle",
		.no_pivot = values->create.no_pivot,
		.cgroup_disabled = str_eq(values->cgroup_manager, "disabled"),
		.systemd_cgroup = values->systemd_cgroup,
	};
	struct spec *spec = NULL;
	struct verdict verdict;
	struct plan *plan = NULL;
	struct err e = { 0 };

	if (spec_decode_text(text, length, "config.json", &s->arena, &spec, &e) < 0) {
		refused(s, &e);
		return;
	}
	const struct facts *facts = willing_host(s, spec);
	judge_new(spec, policy_default(&s->arena, NULL), facts, &s->arena, &verdict);
	if (verdict.refused) {
		(void)policy_refusal(&verdict, NULL, &e);
		refused(s, &e);
		return;
	}
	if (spec_validate(verdict.spec, "config.json", &e) < 0 ||
	    plan_make(&verdict, facts, &options, &s->arena, &plan, &e) < 0)
		refused(s, &e);
}

#define PART_BEGIN "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"rootfs\"},"

/* As a part of a config, so that the same tables and checks read it. */
static struct spec *decode_part(struct sample *s, const char *before, const char *text,
				const char *after)
{
	const char *whole = arena_printf(&s->arena, "%s%s%s", before, text, after);
	struct spec *spec = NULL;
	struct err e = { 0 };

	if (spec_decode_text(whole, strlen(whole), "part", &s->arena, &spec, &e) < 0 ||
	    spec_validate(spec, "part", &e) < 0) {
		refused(s, &e);
		return NULL;
	}
	return spec;
}

static void replay_process(struct sample *s, const char *text)
{
	const struct spec *spec = decode_part(s, PART_BEGIN "\"process\":", text, "}");
	struct verdict verdict;
	struct err e = { 0 };

	if (!spec)
		return;
	judge_process(spec->process, policy_default(&s->arena, NULL), &s->arena, &verdict);
	if (verdict.refused) {
		(void)policy_refusal(&verdict, NULL, &e);
		refused(s, &e);
	}
}

static void replay_resources(struct sample *s, const char *text)
{
	const struct spec *spec =
		decode_part(s, PART_BEGIN "\"linux\":{\"resources\":", text, "}}");
	struct err e = { 0 };

	if (spec && spec_validate_resources(spec->linux_->resources, "resources", &e) < 0)
		refused(s, &e);
}

static void replay_sample(struct sample *s)
{
	struct err e = { 0 };
	size_t length = 0;
	const char *text;

	if (parse_arguments(s, &e) < 0)
		refused(s, &e);
	if ((text = sample_file(s, "config.json", &length)))
		replay_config(s, text, length);
	if ((text = sample_file(s, "process.json", &length)))
		replay_process(s, text);
	if ((text = sample_file(s, "stdin.json", &length)))
		replay_resources(s, text);
}

static int visit(const char *path, const struct stat *status, int type, struct FTW *at)
{
	struct sample s = { 0 };

	(void)status;
	if (type != FTW_F || !str_eq(path + at->base, "argv"))
		return 0;
	s.directory = arena_strndup(&s.arena, path, (size_t)at->base - 1);
	replay_sample(&s);
	replay.refused += s.refused;
	replay.accepted += !s.refused;
	arena_release(&s.arena);
	return 0;
}

static void every_recorded_call_is_accepted_or_known(void **state)
{
	struct arena arena = { 0 };
	const char *shared = environment(
		"DISTRO_SHIM_SHARED",
		arena_printf(&arena, "%s/../shared", environment("DISTRO_SHIM_SOURCE", ".")));
	const char *samples = arena_printf(&arena, "%s/samples", shared);

	(void)state;
	if (access(samples, R_OK) < 0) {
		print_message("no recorded calls at %s\n", samples);
		arena_release(&arena);
		skip();
	}
	load_rows();
	assert_int_equal(nftw(samples, visit, 16, FTW_PHYS), 0);
	print_message("%u accepted, %u refused\n", replay.accepted, replay.refused);
	for (size_t i = 0; i < replay.n; i++)
		print_message("%5u \"%s\": %s%s%s\n", replay.rows[i].seen, replay.rows[i].text,
			      replay.rows[i].reason, replay.rows[i].example ? "; first in " : "",
			      replay.rows[i].example ? replay.rows[i].example : "; not needed");
	assert_int_equal(replay.unknown, 0);
	assert_true(replay.accepted + replay.refused >= CALLS_MIN);
	arena_release(&replay.arena);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_call_is_accepted_or_known),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
