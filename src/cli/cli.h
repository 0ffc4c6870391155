/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. Every command is a record: name, summary, arguments, options, run. Parsing, usage,
 * bash completion and the synopsis in the manual all come from these records.
 *
 * Spellings that are understood, because engines use them: `--bundle DIR`, `--bundle=DIR`, `-b DIR`,
 * `-bDIR`, `-b=DIR`, long names with a single dash (`-no-subreaper`), `--force=true`; options of a
 * command before and after its arguments; `--` ends the options; of a repeated option the last wins,
 * or, where the option makes a list, each adds to it.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "container/container.h"
#include "os/log.h"

#include <stdbool.h>
#include <stddef.h>

/* What options write to: one member an option, whatever command it belongs to. */
struct cli_values {
	bool help;
	/* global */
	bool version, debug, systemd_cgroup;
	const char *root, *log, *log_format, *log_level, *policy, *rootless, *cgroup_manager, *criu;
	/* of commands */
	struct container_create_options create;
	struct container_exec_options exec;
	bool no_subreaper;
	bool all, force, quiet, regex, rootless_example;
	const char *format, *network;
	const char *network_name; /* before the command */
	bool plan, living, end_stale, renew;
	const char *engine;
	struct container_update_options update;
	bool stats;
	const char *interval;
	bool from_outside; /* see global_options */
	struct container_checkpoint_options checkpoint;
};

enum cli_kind {
	CLI_FLAG = 1, /* bool: present, or =true, =false */
	CLI_TEXT,     /* const char *, not empty */
	CLI_NUMBER,   /* unsigned */
	CLI_LIST,     /* struct strlist: each use adds one */
	CLI_WORD,     /* const char *, may be empty */
};

/* What the shell offers for a value or an argument. */
enum cli_offer {
	CLI_OFFER_NOTHING,
	CLI_OFFER_FILE,
	CLI_OFFER_DIRECTORY,
	CLI_OFFER_ID,
	CLI_OFFER_COMMAND,
	CLI_OFFER_WORDS, /* those of `choices` */
};

struct cli_option {
	const char *name; /* "bundle"; a table ends with a row without one */
	char letter;      /* 'b'; 0: none */
	enum cli_kind kind;
	size_t offset;       /* in struct cli_values */
	const char *value;   /* what the usage calls its value, "DIR" */
	const char *choices; /* the only values it takes, parted by blanks; NULL: any */
	enum cli_offer offer;
	const char *help; /* one line, no full stop */
};

#define CLI_CHECKED_OFFSET(member, type)                                                     \
	(offsetof(struct cli_values, member) +                                               \
	 0 * sizeof(struct {                                                                 \
		 _Static_assert(__builtin_types_compatible_p(                                \
					__typeof__(((struct cli_values *)0)->member), type), \
				"the option's kind does not fit " #member);                  \
		 int unused_;                                                                \
	 }))
#define CLI_FLAG_ROW(name_, letter_, member, help_)                         \
	{                                                                   \
		.name = (name_), .letter = (letter_), .kind = CLI_FLAG,     \
		.offset = CLI_CHECKED_OFFSET(member, bool), .help = (help_) \
	}
#define CLI_TEXT_ROW(name_, letter_, member, value_, offer_, help_)                    \
	{                                                                              \
		.name = (name_), .letter = (letter_), .kind = CLI_TEXT,                \
		.offset = CLI_CHECKED_OFFSET(member, const char *), .value = (value_), \
		.offer = (offer_), .help = (help_)                                     \
	}
#define CLI_CHOICE_ROW(name_, letter_, member, value_, choices_, help_)                \
	{                                                                              \
		.name = (name_), .letter = (letter_), .kind = CLI_TEXT,                \
		.offset = CLI_CHECKED_OFFSET(member, const char *), .value = (value_), \
		.choices = (choices_), .offer = CLI_OFFER_WORDS, .help = (help_)       \
	}
#define CLI_NUMBER_ROW(name_, letter_, member, value_, help_)                                      \
	{                                                                                          \
		.name = (name_), .letter = (letter_), .kind = CLI_NUMBER,                          \
		.offset = CLI_CHECKED_OFFSET(member, unsigned), .value = (value_), .help = (help_) \
	}
#define CLI_LIST_ROW(name_, letter_, member, value_, help_)                              \
	{                                                                                \
		.name = (name_), .letter = (letter_), .kind = CLI_LIST,                  \
		.offset = CLI_CHECKED_OFFSET(member, struct strlist), .value = (value_), \
		.help = (help_)                                                          \
	}
#define CLI_WORD_ROW(name_, letter_, member, value_, help_)                            \
	{                                                                              \
		.name = (name_), .letter = (letter_), .kind = CLI_WORD,                \
		.offset = CLI_CHECKED_OFFSET(member, const char *), .value = (value_), \
		.help = (help_)                                                        \
	}
#define CLI_END_ROW          \
	{                    \
		.name = NULL \
	}

/* One use of the program, parsed. */
struct cli_call {
	const struct cli_command *command; /* NULL: none was named (--version, --help) */
	struct cli_values values;
	struct strlist arguments;
	struct global_options global; /* filled after parsing: see cli_global_options() */
	struct arena *arena;
};

struct cli_command {
	const char *name;
	const char *summary;              /* one line, no full stop */
	const char *arguments;            /* "ID [SIGNAL]", "" */
	unsigned least, most;             /* how many arguments */
	enum cli_offer offer;             /* of its arguments */
	const char *choices;              /* of the first argument where offer is CLI_OFFER_WORDS */
	const struct cli_option *options; /* its own; NULL: none */
	const struct cli_option *shared_options; /* shared with other commands; NULL: none */
	/* What stands behind the first argument belongs to a program: no option of ours is looked for in
	 * it. A "--" in front of it is left out. */
	bool takes_program;
	/* Of the program where `run` fails: 0 means 1. */
	int failure_code;
	/* What a user must know is said on stderr where no log is named. Elsewhere it would be noise (state, list), or
	 * be taken for what the container's program says (exec). */
	bool warns;
	/* It is about no container and no network, so that a user's command stays where the user is. */
	bool stays_outside;
	/* This binary becomes the container's first process, so it must not be writable from there. */
	bool enters_container;
	/* Engines take a successful --help for the word that the command works here: asked where the usage
	 * is shown. NULL: it always does. */
	int (*usable)(struct err *e);
	/* The exit code, or -1. */
	int (*run)(const struct cli_call *call, struct err *e);
};

/* --- records: commands.c, global.c, cmd_*.c --- */
extern const struct cli_command *const cli_commands[]; /* ends with NULL */
extern const struct cli_option cli_global_rows[];
extern const struct cli_option cli_help_rows[];   /* --help, which every command has */
extern const struct cli_option cli_create_rows[]; /* of create and run */
extern const struct cli_option cli_criu_rows[];   /* of checkpoint and restore */

#define COMMAND(name) extern const struct cli_command cmd_##name;
#include "cli/commands.def"
#undef COMMAND

/* NULL if there is no such command. */
const struct cli_command *cli_command_find(const char *name);

#define CLI_TABLES 4
struct cli_tables {
	const struct cli_option *v[CLI_TABLES]; /* ends with NULL */
};
struct cli_tables cli_tables_of(const struct cli_command *command); /* NULL: the global ones */

/* --- parse.c: pure --- */

/*
 * Parse `words` (as argv without its first), NULL at the end. stop_at_argument: the first word that is
 * not an option ends it (the global options end at the command). Returns how many words it took; what is not
 * an option is added to *arguments, which has room for all words, as have the lists in *values.
 */
int cli_parse_words(const struct cli_tables *tables, char *const *words, bool stop_at_argument,
		    struct cli_values *values, struct strlist *arguments, struct err *e) MUST_CHECK;

/* Where something else does what is asked for; NULL: no such word is known. */
const char *cli_hint_command(const char *word);
int cli_fail_command(const char *word, struct err *e) MUST_CHECK;
const char *cli_hint_call(const struct cli_call *call, const struct err *error);

/*
 * The whole command line. What was understood before an error is kept in *call, so that the error can
 * go to the log that the caller asked for. Errors: ERR_USAGE; with a hint to the right --help.
 */
int cli_parse(char *const *argv, struct arena *arena, struct cli_call *call, struct err *e)
	MUST_CHECK;

/* --- global.c --- */
struct log_options cli_log_options(const struct cli_values *values,
				   const struct cli_command *command);
/* The defaults of what was not given. Asks the host (rootless?) and the environment. */
int cli_global_options(const struct cli_values *values, struct arena *arena,
		       struct global_options *ret, struct err *e) MUST_CHECK;

/* --- usage.c, completion.c, version.c: text from the records --- */
void cli_print_synopsis(const struct cli_command *command, struct strbuf *out);
void cli_print_usage(const struct cli_command *command, struct strbuf *out); /* NULL: in general */
void cli_print_completion(struct strbuf *out);
/* The newest version of the OCI runtime specification that is carried out. */
#define CLI_OCI_VERSION "1.3.0"
void cli_print_version(struct strbuf *out);

/* --- output.c --- */

/* Everything a command prints goes to stdout in one piece; a failed write is an error. Returns 0, which
 * is the exit code. */
int cli_output(const struct strbuf *text, struct err *e) MUST_CHECK;
/* Finished JSON and a newline. */
int cli_output_json(struct json_out *out, struct err *e) MUST_CHECK;

#endif
