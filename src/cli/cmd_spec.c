/* SPDX-License-Identifier: Apache-2.0 */
/* `spec`: write an example configuration that joins the shared network. */
#include "base/auto.h"
#include "cli/cli.h"
#include "facts/facts.h"
#include "os/io.h"
#include "spec/spec.h"

#include <fcntl.h>

#define SPEC_FILE "config.json"

static const struct cli_option spec_rows[] = {
	CLI_TEXT_ROW("bundle", 'b', create.bundle, "DIR", CLI_OFFER_DIRECTORY,
		     "write into this directory (default: the current one)"),
	CLI_TEXT_ROW("file", 'f', create.config_name, "FILE", CLI_OFFER_FILE,
		     "write this file, even if it exists (default: a new config.json)"),
	CLI_FLAG_ROW(
		"rootless", 0, rootless_example,
		"for a user namespace of the caller's own (default for a user who is not root)"),
	CLI_END_ROW,
};

/* The path that makes the join early. Where the policy names no path, there is still one thing to
 * write that its network stands for. */
static const char *example_network(const struct policy *policy, struct arena *arena)
{
	const char *namespace_ = policy->network->namespace_;

	if (str_eq(namespace_, "self"))
		return "/proc/self/ns/net";
	if (str_eq(namespace_, "requested"))
		return policy_default(arena, NULL)->network->namespace_;
	return namespace_;
}

/* What a caller names may be there already, and need not be a file (/dev/stdout). */
static int open_output(int dirfd, const char *directory, const char *named, struct err *e)
{
	const char *name = named ? named : SPEC_FILE;
	int fd = openat(dirfd, name,
			O_WRONLY | O_CREAT | (named ? O_TRUNC : O_EXCL) | O_NOCTTY | O_CLOEXEC,
			0666);

	if (fd < 0 && errno == EEXIST)
		return fail(e, ERR_USAGE, "%s exists in '%s' already; remove it first", name,
			    directory);
	if (fd < 0)
		return fail_sys(e, "create '%s%s%s'", name[0] == '/' ? "" : directory,
				name[0] == '/' ? "" : "/", name);
	return fd;
}

static int write_file(const char *directory, const char *named, const char *text, size_t length,
		      struct err *e)
{
	autoclose int dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return fail_sys(e, "open '%s'", directory);

	autoclose int fd = open_output(dirfd, directory, named, e);
	if (fd < 0)
		return -1;
	if (write_fd_all(fd, named ? named : SPEC_FILE, text, length, e) < 0) {
		if (!named)
			unlinkat(dirfd, SPEC_FILE, 0);
		return -1;
	}
	return 0;
}

static int run_spec(const struct cli_call *call, struct err *e)
{
	const char *directory = call->values.create.bundle ? call->values.create.bundle : ".";
	bool rootless = call->values.rootless_example || call->global.rootless;
	struct policy_source source;
	autostrbuf text = { 0 };
	char *json;
	size_t length;

	if (policy_load(call->global.policy_path, call->arena, &source, e) < 0)
		return -1;

	struct spec *spec = spec_example(call->arena, example_network(source.policy, call->arena),
					 rootless, geteuid(), getegid());
	if (spec_encode_text(spec, true, call->arena, &json, &length, e) < 0)
		return -1;
	strbuf_add(&text, json, length);
	strbuf_putc(&text, '\n');
	return write_file(directory, call->values.create.config_name, strbuf_text(&text),
			  text.length, e);
}

const struct cli_command cmd_spec = {
	.name = "spec",
	.stays_outside = true,
	.summary = "write an example config.json that joins the shared network",
	.arguments = "",
	.options = spec_rows,
	.run = run_spec,
};
