/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The completion for bash, written from the records. The file in contrib/completion is its output; a
 * test compares them.
 */
#include "cli/cli.h"

static const char head[] =
	"# SPDX-License-Identifier: Apache-2.0\n"
	"# bash completion for distro-shim. Written by `distro-shim completion`; do not edit.\n"
	"\n"
	"_distro_shim() {\n"
	"    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
	"    local command='' options='' offer='' words='' skip='' word i\n"
	"    local -a root=()\n"
	"\n"
	"    # readline parts --option=value into three words\n"
	"    if [[ $cur == '=' ]]; then\n"
	"        cur=''\n"
	"    elif [[ $prev == '=' ]]; then\n"
	"        prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	"    fi\n"
	"\n"
	"    for ((i = 1; i < COMP_CWORD; i++)); do\n"
	"        word=${COMP_WORDS[i]}\n"
	"        if [[ $word == '=' ]]; then\n"
	"            skip=${skip:-1}\n"
	"        elif [[ $skip ]]; then\n"
	"            [[ $skip == root ]] && root=(--root \"$word\")\n"
	"            skip=''\n"
	"        else\n"
	"            case $word in\n";

static const char between[] = "            -*) ;;\n"
			      "            *)\n"
			      "                command=$word\n"
			      "                break\n"
			      "                ;;\n"
			      "            esac\n"
			      "        fi\n"
			      "    done\n"
			      "\n";

static const char tail[] = "    if [[ $offer ]]; then\n"
			   "        :\n"
			   "    elif [[ $cur == -* ]]; then\n"
			   "        words=$options\n"
			   "    elif [[ ! $command ]]; then\n"
			   "        offer='command'\n"
			   "    else\n"
			   "        case $command in\n";

static const char end[] =
	"        esac\n"
	"    fi\n"
	"\n"
	"    case $offer in\n"
	"    id) words=$(\"${COMP_WORDS[0]}\" \"${root[@]}\" list --quiet 2>/dev/null) ;;\n"
	"    command) words='%s' ;;\n"
	"    file)\n"
	"        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	"        compopt -o filenames 2>/dev/null\n"
	"        return\n"
	"        ;;\n"
	"    directory)\n"
	"        mapfile -t COMPREPLY < <(compgen -d -- \"$cur\")\n"
	"        compopt -o filenames 2>/dev/null\n"
	"        return\n"
	"        ;;\n"
	"    esac\n"
	"    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	"}\n"
	"\n"
	"complete -F _distro_shim distro-shim shim\n";

static const char *offer_name(enum cli_offer offer)
{
	switch (offer) {
	case CLI_OFFER_FILE:
		return "file";
	case CLI_OFFER_DIRECTORY:
		return "directory";
	case CLI_OFFER_ID:
		return "id";
	case CLI_OFFER_COMMAND:
		return "command";
	case CLI_OFFER_WORDS:
		return "words";
	case CLI_OFFER_NOTHING:
		break;
	}
	return "nothing";
}

/* Global options that take a value: the next word is not the command. */
static void print_skips(struct strbuf *out)
{
	const char *separator = "            ";

	strbuf_puts(out, "            --root) skip=root ;;\n");
	for (const struct cli_option *row = cli_global_rows; row->name; row++) {
		if (row->kind == CLI_FLAG || str_eq(row->name, "root"))
			continue;
		strbuf_printf(out, "%s--%s", separator, row->name);
		separator = " | ";
	}
	strbuf_puts(out, ") skip=1 ;;\n");
}

static void print_option_names(const struct cli_command *command, struct strbuf *out)
{
	struct cli_tables tables = cli_tables_of(command);
	const char *separator = "";

	strbuf_printf(out, "    '%s') options='", command ? command->name : "");
	for (size_t i = 0; i < CLI_TABLES && tables.v[i]; i++)
		for (const struct cli_option *row = tables.v[i]; row->name; row++) {
			strbuf_printf(out, "%s--%s", separator, row->name);
			separator = " ";
		}
	strbuf_puts(out, "' ;;\n");
}

static void print_values(const struct cli_command *command, struct strbuf *out)
{
	struct cli_tables tables = cli_tables_of(command);
	const char *name = command ? command->name : "";

	for (size_t i = 0; i < CLI_TABLES && tables.v[i]; i++)
		for (const struct cli_option *row = tables.v[i]; row->name; row++) {
			if (row->kind == CLI_FLAG)
				continue;
			strbuf_printf(out, "    '%s --%s'", name, row->name);
			if (row->letter)
				strbuf_printf(out, " | '%s -%c'", name, row->letter);
			strbuf_printf(out, ") offer='%s'", offer_name(row->offer));
			if (row->choices)
				strbuf_printf(out, " words='%s'", row->choices);
			strbuf_puts(out, " ;;\n");
		}
}

static void print_arguments(const struct cli_command *command, struct strbuf *out)
{
	if (command->offer == CLI_OFFER_NOTHING)
		return;
	strbuf_printf(out, "        %s) offer='%s'", command->name, offer_name(command->offer));
	if (command->choices)
		strbuf_printf(out, " words='%s'", command->choices);
	strbuf_puts(out, " ;;\n");
}

void cli_print_completion(struct strbuf *out)
{
	autostrbuf names = { 0 };

	for (size_t i = 0; cli_commands[i]; i++)
		strbuf_printf(&names, "%s%s", i ? " " : "", cli_commands[i]->name);

	strbuf_puts(out, head);
	print_skips(out);
	strbuf_puts(out, between);
	strbuf_puts(out, "    case $command in\n");
	print_option_names(NULL, out);
	for (size_t i = 0; cli_commands[i]; i++)
		print_option_names(cli_commands[i], out);
	strbuf_puts(out, "    esac\n    case \"$command $prev\" in\n");
	print_values(NULL, out);
	for (size_t i = 0; cli_commands[i]; i++)
		print_values(cli_commands[i], out);
	strbuf_puts(out, "    esac\n\n");
	strbuf_puts(out, tail);
	for (size_t i = 0; cli_commands[i]; i++)
		print_arguments(cli_commands[i], out);
	strbuf_printf(out, end, strbuf_text(&names));
}

static int run_completion(const struct cli_call *call, struct err *e)
{
	autostrbuf text = { 0 };

	(void)call;
	cli_print_completion(&text);
	return cli_output(&text, e);
}

const struct cli_command cmd_completion = {
	.name = "completion",
	.stays_outside = true,
	.summary = "print the completion for bash",
	.arguments = "",
	.run = run_completion,
};
