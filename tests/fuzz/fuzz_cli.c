/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command line, one word a line, and each word as what people write after an option: an id, a signal, a user,
 * a number with a unit. What is accepted is in its bounds; what is refused is refused as a use, in one line.
 */
#include "base/auto.h"
#include "cli/cli.h"
#include "container/exec_process.h"
#include "container/signals.h"
#include "state/state.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define WORDS_MAX 64

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_refusal(const struct err *e)
{
	must(e->kind == ERR_USAGE && e->text[0]);
}

static void try_id(const char *word)
{
	struct err e = { 0 };

	if (state_check_id(word, &e) < 0)
		must(e.kind != ERR_NONE && e.text[0]);
	else
		must(*word && !strchr(word, '/') && strcmp(word, ".") != 0 &&
		     strcmp(word, "..") != 0 && strlen(word) <= 1024);
}

static void try_signal(const char *word)
{
	struct err e = { 0 };
	int number = -1;

	if (signal_parse(word, &number, &e) < 0)
		check_refusal(&e);
	else
		must(number >= 0 && number <= 64);
}

static void try_user(const char *word)
{
	uint32_t uid = UINT32_MAX, gid = 0;
	bool given = false;
	struct err e = { 0 };

	if (exec_parse_user(word, &uid, &gid, &given, &e) < 0)
		check_refusal(&e);
	else
		/* no text but a number is a number, and -1 is "as it is" to the kernel */
		must(uid != UINT32_MAX && gid != UINT32_MAX &&
		     strspn(word, "0123456789:") == strlen(word) &&
		     given == (strchr(word, ':') != NULL));
}

/* As the options of `update` and of `exec` that have any text of their own. */
static void try_options(const struct cli_call *call, struct arena *arena)
{
	static const struct spec_process own = { .cwd = NULL };
	const struct container_update_options *update = &call->values.update;
	struct spec_resources *resources = arena_new(arena, struct spec_resources);
	struct spec_process *process = NULL;
	struct spec_intel_rdt *rdt = arena_new(arena, struct spec_intel_rdt);
	struct err e = { 0 };

	if (container_update_resources(update, arena, resources, &e) < 0)
		check_refusal(&e);
	if (container_update_rdt(update, arena, rdt, &e) < 0)
		must(e.text[0]);
	if (!call->values.exec.process &&
	    exec_process_make(&own, &call->values.exec, arena, &process, &e) < 0)
		must(!process && e.text[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	char *at = arena_strndup(&arena, (const char *)data, size), *word;
	char *words[WORDS_MAX + 2] = { arena_strdup(&arena, "distro-shim") };
	struct cli_call call = { 0 };
	struct err e = { 0 };
	size_t n = 1;

	while (n <= WORDS_MAX && (word = strsep(&at, "\n"))) {
		try_id(word);
		try_signal(word);
		try_user(word);
		words[n++] = word;
	}
	if (cli_parse(words, &arena, &call, &e) < 0) {
		check_refusal(&e);
		must(!strchr(e.text, '\n'));
		return 0;
	}
	must(call.arguments.n <= n);
	try_options(&call, &arena);
	return 0;
}
