/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: every spelling that engines and people use, and the words of the errors that
 * engines look for. Needs no root.
 */
#include "parsed.h"

#include "base/auto.h"
#include "container/signals.h"
#include "os/io.h"

#include <fcntl.h>
#include <ftw.h>

#define FILE_MAX (1u << 20)

static void assert_bundle(struct parsed *p, const char *bundle)
{
	if (p->rc < 0)
		print_error("%s\n", p->error.text);
	assert_int_equal(p->rc, 0);
	assert_ptr_equal(p->call.command, &cmd_create);
	assert_string_equal(p->call.values.create.bundle, bundle);
	assert_int_equal(p->call.arguments.n, 1);
	assert_string_equal(p->call.arguments.v[0], "box");
}

static void a_value_has_many_spellings(void **state)
{
	(void)state;
	char *spellings[][6] = {
		{ W("distro-shim"), W("create"), W("--bundle"), W("/b"), W("box"), NULL },
		{ W("distro-shim"), W("create"), W("--bundle=/b"), W("box"), NULL },
		{ W("distro-shim"), W("create"), W("-bundle"), W("/b"), W("box"), NULL },
		{ W("distro-shim"), W("create"), W("-bundle=/b"), W("box"), NULL },
		{ W("distro-shim"), W("create"), W("-b"), W("/b"), W("box"), NULL },
		{ W("distro-shim"), W("create"), W("-b/b"), W("box"), NULL },
		{ W("distro-shim"), W("create"), W("-b=/b"), W("box"), NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		autoparsed p;

		parse(&p, spellings[i]);
		assert_bundle(&p, "/b");
	}
}

static void options_stand_before_and_after_the_arguments(void **state)
{
	autoparsed after, around;

	(void)state;
	PARSE(&after, W("create"), W("box"), W("--bundle"), W("/b"));
	assert_bundle(&after, "/b");
	PARSE(&around, W("create"), W("--no-pivot"), W("box"), W("--bundle"), W("/b"));
	assert_bundle(&around, "/b");
	assert_true(around.call.values.create.no_pivot);
}

static void a_list_has_every_use_and_a_word_may_be_empty(void **state)
{
	autoparsed p, none;

	(void)state;
	PARSE(&p, W("exec"), W("-e"), W("A=1"), W("--env=B=2"), W("-eC="), W("--apparmor"), W(""),
	      W("box"), W("sh"));
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.call.values.exec.env.n, 3);
	assert_string_equal(p.call.values.exec.env.v[0], "A=1");
	assert_string_equal(p.call.values.exec.env.v[1], "B=2");
	assert_string_equal(p.call.values.exec.env.v[2], "C=");
	assert_string_equal(p.call.values.exec.apparmor, "");
	assert_int_equal(p.call.values.exec.caps.n, 0);
	PARSE(&none, W("exec"), W("box"), W("sh"));
	assert_null(none.call.values.exec.apparmor);
}

static void what_stands_behind_the_id_is_the_programs(void **state)
{
	autoparsed p, dashes, only;

	(void)state;
	PARSE(&p, W("exec"), W("-t"), W("box"), W("ls"), W("-d"), W("--"), W("--help"));
	assert_int_equal(p.rc, 0);
	assert_int_equal(p.call.arguments.n, 5);
	assert_string_equal(p.call.arguments.v[2], "-d");
	assert_string_equal(p.call.arguments.v[3], "--");
	assert_true(p.call.values.exec.terminal);
	assert_false(p.call.values.exec.detach);
	assert_false(p.call.values.help);
	PARSE(&dashes, W("exec"), W("box"), W("--"), W("ls"), W("--"));
	assert_int_equal(dashes.call.arguments.n, 3);
	assert_string_equal(dashes.call.arguments.v[1], "ls");
	assert_string_equal(dashes.call.arguments.v[2], "--");
	PARSE(&only, W("exec"));
	assert_int_equal(only.rc, -1);
}

static void two_dashes_end_the_options(void **state)
{
	autoparsed p, one;

	(void)state;
	PARSE(&p, W("kill"), W("--all"), W("--"), W("--all"), W("-9"));
	assert_int_equal(p.rc, 0);
	assert_true(p.call.values.all);
	assert_int_equal(p.call.arguments.n, 2);
	assert_string_equal(p.call.arguments.v[0], "--all");
	assert_string_equal(p.call.arguments.v[1], "-9");

	/* A single dash is an argument. */
	PARSE(&one, W("state"), W("-"));
	assert_int_equal(one.rc, 0);
	assert_string_equal(one.call.arguments.v[0], "-");
}

/* `ps ID -e -x`: what follows is for ps(1). */
static void options_behind_the_id_are_those_of_ps(void **state)
{
	autoparsed ours, theirs;

	(void)state;
	PARSE(&ours, W("ps"), W("-f"), W("json"), W("box"));
	assert_int_equal(ours.rc, 0);
	assert_string_equal(ours.call.values.format, "json");
	PARSE(&theirs, W("ps"), W("box"), W("-e"), W("--"), W("-f"), W("x"));
	assert_int_equal(theirs.rc, 0);
	assert_null(theirs.call.values.format);
	assert_int_equal(theirs.call.arguments.n, 5);
	assert_string_equal(theirs.call.arguments.v[1], "-e");
	assert_string_equal(theirs.call.arguments.v[2], "--");
	assert_string_equal(theirs.call.arguments.v[4], "x");
}

/* `--memory -1`: a value may look like an option. */
static void limits_are_taken_before_and_after_the_id(void **state)
{
	autoparsed before, after;

	(void)state;
	PARSE(&before, W("update"), W("--memory"), W("-1"), W("--resources=-"), W("box"));
	assert_int_equal(before.rc, 0);
	assert_string_equal(before.call.values.update.memory, "-1");
	assert_string_equal(before.call.values.update.resources, "-");
	PARSE(&after, W("update"), W("box"), W("-r"), W("-"), W("--cpu-share=5"));
	assert_int_equal(after.rc, 0);
	assert_string_equal(after.call.values.update.resources, "-");
	assert_string_equal(after.call.values.update.cpu_share, "5");
}

static void sizes_have_units_and_a_point(void **state)
{
	static const struct {
		const char *text;
		int64_t value; /* -2: refused */
	} rows[] = {
		{ "0", 0 },
		{ "-1", -1 },
		{ "77", 77 },
		{ "77b", 77 },
		{ "64k", 65536 },
		{ "64KiB", 65536 },
		{ "64Mb", 67108864 },
		{ "1.5g", 1610612736 },
		{ "0.25M", 262144 },
		{ "1.125kb", 1152 },
		{ "9223372036854775807", INT64_MAX },
		{ "9007199254740991k", 9223372036854774784 },
		{ "9007199254740991.9k", -2 },
		{ "9007199254740992k", -2 },
		{ "1.5", -2 },
		{ "1.5b", -2 },
		{ "1.k", -2 },
		{ ".5k", -2 },
		{ "1.2345k", -2 },
		{ "-1.5k", -2 },
		{ "-1k", -2 },
		{ "-2", -2 },
		{ "1.5.5k", -2 },
		{ "1x", -2 },
		{ "k", -2 },
		{ "", -2 },
	};
	struct arena arena = { 0 };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct container_update_options options = { .memory = rows[i].text };
		struct spec_resources resources = { 0 };
		int rc = container_update_resources(&options, &arena, &resources, &e);

		if ((rc < 0) != (rows[i].value == -2))
			fail_msg("\"%s\" gives %d", rows[i].text, rc);
		if (rc == 0)
			assert_int_equal(resources.memory->limit.value, rows[i].value);
	}
	arena_release(&arena);
}

static void the_last_of_a_repeated_option_wins(void **state)
{
	autoparsed p, flag;

	(void)state;
	PARSE(&p, W("create"), W("--bundle"), W("/a"), W("box"), W("-b"), W("/b"));
	assert_bundle(&p, "/b");
	PARSE(&flag, W("delete"), W("--force"), W("--force=false"), W("box"));
	assert_int_equal(flag.rc, 0);
	assert_false(flag.call.values.force);
}

static void flags_take_true_and_false(void **state)
{
	autoparsed yes, no, letter, one, zero, bad;

	(void)state;
	PARSE(&yes, W("--systemd-cgroup=true"), W("delete"), W("--force=true"), W("box"));
	assert_int_equal(yes.rc, 0);
	assert_true(yes.call.values.force);
	assert_true(yes.call.values.systemd_cgroup);
	PARSE(&no, W("delete"), W("-force=false"), W("box"));
	assert_int_equal(no.rc, 0);
	assert_false(no.call.values.force);
	PARSE(&letter, W("delete"), W("-f=true"), W("box"));
	assert_int_equal(letter.rc, 0);
	assert_true(letter.call.values.force);
	PARSE(&one, W("delete"), W("--force=1"), W("box"));
	assert_int_equal(one.rc, 0);
	assert_true(one.call.values.force);
	PARSE(&zero, W("delete"), W("--force"), W("--force=F"), W("box"));
	assert_int_equal(zero.rc, 0);
	assert_false(zero.call.values.force);
	PARSE(&bad, W("delete"), W("--force=maybe"), W("box"));
	assert_int_equal(bad.rc, -1);
	assert_non_null(strstr(bad.error.text, "--force must be true or false, is \"maybe\""));
}

static void letters_of_flags_are_joined(void **state)
{
	autoparsed p, bad;

	(void)state;
	PARSE(&p, W("list"), W("-qfjson"));
	assert_int_equal(p.rc, 0);
	assert_true(p.call.values.quiet);
	assert_string_equal(p.call.values.format, "json");
	PARSE(&bad, W("list"), W("-qx"));
	assert_int_equal(bad.rc, -1);
	assert_non_null(strstr(bad.error.text, "unknown option \"-qx\""));
}

static void containerd_writes_no_subreaper_with_one_dash(void **state)
{
	autoparsed p;

	(void)state;
	PARSE(&p, W("create"), W("--pid-file"), W("/p"), W("-no-subreaper"), W("--bundle"), W("/b"),
	      W("box"));
	assert_bundle(&p, "/b");
	assert_true(p.call.values.no_subreaper);
	assert_string_equal(p.call.values.create.pid_file, "/p");
}

static void a_missing_value_says_requires_an_argument(void **state)
{
	autoparsed name, letter, global;

	(void)state;
	PARSE(&name, W("create"), W("box"), W("--bundle"));
	assert_int_equal(name.rc, -1);
	assert_int_equal(name.error.kind, ERR_USAGE);
	assert_string_equal(name.error.text,
			    "create: option --bundle requires an argument; see distro-shim create "
			    "--help");
	PARSE(&letter, W("create"), W("box"), W("-b"));
	assert_int_equal(letter.rc, -1);
	assert_non_null(strstr(letter.error.text, "option --bundle requires an argument"));
	PARSE(&global, W("--root"));
	assert_int_equal(global.rc, -1);
	assert_string_equal(global.error.text,
			    "option --root requires an argument; see distro-shim --help");
}

static void an_unknown_option_is_named(void **state)
{
	autoparsed command, global, misplaced, prefix;

	(void)state;
	PARSE(&command, W("start"), W("--frob=1"), W("box"));
	assert_int_equal(command.rc, -1);
	assert_int_equal(command.error.kind, ERR_USAGE);
	assert_string_equal(command.error.text,
			    "start: unknown option \"--frob=1\"; see distro-shim "
			    "start --help");
	PARSE(&global, W("--frob"), W("start"), W("box"));
	assert_int_equal(global.rc, -1);
	assert_string_equal(global.error.text, "unknown option \"--frob\"; see distro-shim --help");
	/* Global options stand before the command. */
	PARSE(&misplaced, W("start"), W("--root"), W("/r"), W("box"));
	assert_int_equal(misplaced.rc, -1);
	/* A beginning of a name is not the name: it would change its meaning as options are added. */
	PARSE(&prefix, W("create"), W("--bund"), W("/b"), W("box"));
	assert_int_equal(prefix.rc, -1);
}

static void an_unknown_command_is_named(void **state)
{
	autoparsed unknown, probe, none;

	(void)state;
	PARSE(&unknown, W("--log-format=json"), W("migrate"), W("--pid-file"), W("/p"), W("box"));
	assert_int_equal(unknown.rc, -1);
	assert_int_equal(unknown.error.kind, ERR_USAGE);
	assert_non_null(strstr(unknown.error.text, "unknown command \"migrate\""));
	/* Podman looks for one of these words to find out that the option is there. */
	PARSE(&probe, W("restore"), W("--lsm-mount-context"));
	assert_int_equal(probe.rc, -1);
	assert_non_null(strstr(probe.error.text, "requires an argument"));
	PARSE(&none, W("--debug"));
	assert_int_equal(none.rc, -1);
	assert_non_null(strstr(none.error.text, "no command is given"));
}

static void values_are_checked(void **state)
{
	char *bad[][6] = {
		{ W("distro-shim"), W("list"), W("--format"), W("xml"), NULL },
		{ W("distro-shim"), W("list"), W("--format"), W("table json"), NULL },
		{ W("distro-shim"), W("list"), W("--format="), NULL },
		{ W("distro-shim"), W("--log-level"), W("loud"), W("list"), NULL },
		{ W("distro-shim"), W("--root="), W("list"), NULL },
		{ W("distro-shim"), W("create"), W("--preserve-fds"), W("-1"), W("box"), NULL },
		{ W("distro-shim"), W("create"), W("--preserve-fds"), W("1x"), W("box"), NULL },
		{ W("distro-shim"), W("create"), W("--preserve-fds=4294967296"), W("box"), NULL },
		{ W("distro-shim"), W("create"), W("--preserve-fds=4294967295"), W("box"), NULL },
	};
	autoparsed good;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		autoparsed p;

		parse(&p, bad[i]);
		assert_int_equal(p.rc, -1);
		assert_int_equal(p.error.kind, ERR_USAGE);
	}
	PARSE(&good, W("create"), W("--preserve-fds"), W("3"), W("box"));
	assert_int_equal(good.rc, 0);
	assert_int_equal(good.call.values.create.preserve_fds, 3);
}

static void arguments_are_counted(void **state)
{
	autoparsed few, many, help, version;

	(void)state;
	PARSE(&few, W("kill"));
	assert_int_equal(few.rc, -1);
	assert_non_null(strstr(few.error.text, "ID [SIGNAL]"));
	PARSE(&many, W("state"), W("a"), W("b"));
	assert_int_equal(many.rc, -1);
	assert_non_null(strstr(many.error.text, "\"b\""));
	/* Who asks for help need not give them. */
	PARSE(&help, W("kill"), W("-h"));
	assert_int_equal(help.rc, 0);
	assert_true(help.call.values.help);
	assert_ptr_equal(help.call.command, &cmd_kill);
	PARSE(&version, W("-v"));
	assert_int_equal(version.rc, 0);
	assert_true(version.call.values.version);
}

static void signals_are_read_as_engines_write_them(void **state)
{
	static const struct {
		const char *text;
		int number;
	} good[] = {
		{ "9", 9 },         { "15", 15 },       { "64", 64 },         { "KILL", 9 },
		{ "SIGKILL", 9 },   { "sigkill", 9 },   { "kill", 9 },        { "SigTerm", 15 },
		{ "HUP", 1 },       { "USR1", 10 },     { "SIGWINCH", 28 },   { "RTMIN", 34 },
		{ "SIGRTMIN", 34 }, { "RTMIN+3", 37 },  { "sigrtmin+3", 37 }, { "RTMAX-1", 63 },
		{ "SIGRTMAX", 64 }, { "RTMIN+30", 64 }, { "0", 0 },
	};
	static const char *const bad[] = { "",         "00",         "65",      "-9",
					   "+9",       "09",         "9 ",      " 9",
					   "SIG",      "SIGSIGKILL", "SIG9",    "KILLS",
					   "RTMIN+31", "RTMIN-1",    "RTMAX+1", "RTMIN+",
					   "RTMIN+ 1", "RTM",        "RTMxx+1", "4294967305",
					   "SIGKILL ", "TERM\n" };
	struct err e;
	int number;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(signal_parse(good[i].text, &number, &e), 0);
		assert_int_equal(number, good[i].number);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		number = -7;
		assert_int_equal(signal_parse(bad[i], &number, &e), -1);
		assert_int_equal(e.kind, ERR_USAGE);
		assert_int_equal(number, -7);
	}
}

static unsigned samples_parsed, samples_unknown;

static char **sample_argv(struct arena *arena, char *text)
{
	char **argv = arena_new_array(arena, char *, strlen(text) + 3);
	size_t n = 0;

	argv[n++] = arena_strdup(arena, "distro-shim");
	for (char *line = text; *line;) {
		size_t length = strcspn(line, "\n");

		argv[n++] = arena_strndup(arena, line, length);
		line += length + (line[length] == '\n');
	}
	return argv;
}

static int parse_sample(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	struct arena arena = { 0 };
	autofree char *text = NULL;
	autoparsed p = { 0 };

	(void)status;
	if (type != FTW_F || !str_eq(path + ftw->base, "argv"))
		return 0;
	assert_int_equal(read_file_at(AT_FDCWD, path, FILE_MAX, &text, NULL, &p.error), 0);
	parse(&p, sample_argv(&arena, text));
	if (p.rc < 0 && strstr(p.error.text, "unknown command") == p.error.text) {
		samples_unknown++;
	} else {
		if (p.rc < 0)
			print_error("%s: %s\n", path, p.error.text);
		assert_int_equal(p.rc, 0);
		samples_parsed++;
	}
	arena_release(&arena);
	return 0;
}

static const char *environment(const char *name, const char *otherwise)
{
	const char *value = getenv(name);

	return value && *value ? value : otherwise;
}

static void the_engines_command_lines_parse(void **state)
{
	struct arena arena = { 0 };
	const char *source = environment("DISTRO_SHIM_SOURCE", ".");
	const char *shared =
		environment("DISTRO_SHIM_SHARED", arena_printf(&arena, "%s/../shared", source));
	const char *samples = arena_printf(&arena, "%s/samples", shared);

	(void)state;
	if (access(samples, R_OK) < 0) {
		print_message("no recorded command lines at %s\n", samples);
		arena_release(&arena);
		skip();
	}
	assert_int_equal(nftw(samples, parse_sample, 16, FTW_PHYS), 0);
	print_message("%u parsed, %u of commands that are not there\n", samples_parsed,
		      samples_unknown);
	assert_true(samples_parsed > 0);
	arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_has_many_spellings),
		cmocka_unit_test(options_stand_before_and_after_the_arguments),
		cmocka_unit_test(a_list_has_every_use_and_a_word_may_be_empty),
		cmocka_unit_test(what_stands_behind_the_id_is_the_programs),
		cmocka_unit_test(two_dashes_end_the_options),
		cmocka_unit_test(options_behind_the_id_are_those_of_ps),
		cmocka_unit_test(limits_are_taken_before_and_after_the_id),
		cmocka_unit_test(sizes_have_units_and_a_point),
		cmocka_unit_test(the_last_of_a_repeated_option_wins),
		cmocka_unit_test(flags_take_true_and_false),
		cmocka_unit_test(letters_of_flags_are_joined),
		cmocka_unit_test(containerd_writes_no_subreaper_with_one_dash),
		cmocka_unit_test(a_missing_value_says_requires_an_argument),
		cmocka_unit_test(an_unknown_option_is_named),
		cmocka_unit_test(an_unknown_command_is_named),
		cmocka_unit_test(values_are_checked),
		cmocka_unit_test(arguments_are_counted),
		cmocka_unit_test(signals_are_read_as_engines_write_them),
		cmocka_unit_test(the_engines_command_lines_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
