/* SPDX-License-Identifier: Apache-2.0 */
/* `policy`: is the policy file valid and trusted, and what does it come to? */
#include "cli/cli.h"
#include "facts/facts.h"

static int print_check(const struct policy_source *source, struct err *e)
{
	autostrbuf text = { 0 };

	if (source->path)
		strbuf_show(&text, "%s: valid, trusted\n", source->path);
	else
		strbuf_show(&text, "built-in policy: there is no policy file '%s'\n",
			    source->looked_for);
	return cli_output(&text, e);
}

static int print_effective(const struct policy_source *source, struct err *e)
{
	auto_json_out out = json_out_new(true);

	fields_encode(&policy_fields, source->policy, out);
	return cli_output_json(out, e);
}

static int run_policy(const struct cli_call *call, struct err *e)
{
	const char *verb = call->arguments.v[0];
	const char *path = call->arguments.n > 1 ? call->arguments.v[1] : call->global.policy_path;
	bool check = str_eq(verb, "check");
	struct policy_source source;

	if (!check && !str_eq(verb, "show"))
		return fail(e, ERR_USAGE, "policy: \"%s\" is not one of check, show", verb);
	if (policy_load(path, call->arena, &source, e) < 0)
		return -1;
	return check ? print_check(&source, e) : print_effective(&source, e);
}

const struct cli_command cmd_policy = {
	.name = "policy",
	.summary = "check the policy file, or show the policy in force with every default",
	.arguments = "check|show [FILE]",
	.least = 1,
	.most = 2,
	.offer = CLI_OFFER_WORDS,
	.choices = "check show",
	.run = run_policy,
};
