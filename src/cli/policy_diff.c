/* SPDX-License-Identifier: Apache-2.0 */
/* See policy_diff.h. */
#include "cli/policy_diff.h"

#include "base/auto.h"
#include "base/capabilities.h"
#include "container/policy_test.h"

#include <inttypes.h>

enum { EXIT_DIFFERS = 2, EXIT_REFUSES = 3 };

/* What has been seen so far, and where it goes to. */
struct report {
	bool as_json;
	struct strbuf text;
	struct json_out *json;
	size_t kinds[DIFFERENCE_REFUSED + 1]; /* how many of each enum difference_kind */
	size_t judged, failed, inexact;
	struct err first;
};

/* --- text --- */

static const char *title_of(const struct policy_tested *tested)
{
	switch ((enum difference_kind)tested->difference.kind) {
	case DIFFERENCE_REFUSED:
		return "newly refused";
	case DIFFERENCE_ALLOWED:
		return "newly allowed";
	case DIFFERENCE_OTHER:
	case DIFFERENCE_NONE:
		break;
	}
	return "different";
}

static void show_request(const struct policy_tested *tested, struct strbuf *out)
{
	if (tested->request == TESTED_UNDONE)
		strbuf_show(
			out,
			"    (its request was not recorded; judged is its configuration with the recorded decisions taken back%s%s)\n",
			tested->doubt.kind ? ": " : "",
			tested->doubt.kind ? tested->doubt.text : "");
	if (tested->request == TESTED_EFFECTIVE)
		strbuf_show(
			out,
			"    (its request is not known, judged is its configuration as the policy of then has left it: %s)\n",
			tested->doubt.text);
}

static void show_network(char sign, const struct network *network, struct strbuf *out)
{
	const char *join = value_to_name(network_join_names, network->join);

	strbuf_show(out, "  %c network: %s", sign, join ? join : "undecided");
	if (network->path)
		strbuf_show(out, ", %s", network->path);
	if (network->cookie)
		strbuf_show(out, ", cookie %" PRIu64, network->cookie);
	strbuf_putc(out, '\n');
}

static void show_capabilities(char sign, const struct strlist *list, struct strbuf *out)
{
	if (!list->n)
		return;
	strbuf_show(out, "  %c capabilities:", sign);
	for (size_t i = 0; i < list->n; i++)
		strbuf_show(out, " %s", list->v[i]);
	strbuf_putc(out, '\n');
}

static void show_decisions(char sign, const struct decisions *decisions, struct strbuf *out)
{
	for (size_t i = 0; i < decisions->n; i++) {
		const struct decision *decision = &decisions->v[i];
		const char *action = value_to_name(decision_action_names, decision->action);

		strbuf_show(out, "  %c %s %s", sign, action ? action : "?", decision->rule);
		if (!str_empty(decision->path))
			strbuf_show(out, " %s", decision->path);
		strbuf_putc(out, '\n');
		strbuf_show(out, "      %s\n", decision->why ? decision->why : "");
	}
}

static void show_confinement(char sign, const struct confinement *confinement, struct strbuf *out)
{
	strbuf_show(out, "  %c confinement: peerDescriptors %s", sign,
		    confinement->peer_descriptors == PEERS_REFUSED ? "refused" : "open");
	for (size_t i = 0; i < confinement->denied.n; i++)
		strbuf_show(out, "%s%s", i ? " " : ", no process gets ",
			    value_to_name(cap_mask_names, confinement->denied.v[i]));
	strbuf_putc(out, '\n');
}

static void show_limits(char sign, const struct group_parent *parent, struct strbuf *out)
{
	strbuf_show(out, "  %c all containers together:", sign);
	if (parent->memory)
		strbuf_show(out, " memory %llu", (unsigned long long)parent->memory);
	if (parent->quota)
		strbuf_show(out, " cpu %llu of %d us", (unsigned long long)parent->quota,
			    GROUP_PARENT_PERIOD);
	if (parent->pids)
		strbuf_show(out, " pids %llu", (unsigned long long)parent->pids);
	if (!parent->memory && !parent->quota && !parent->pids)
		strbuf_puts(out, " no limits");
	strbuf_putc(out, '\n');
}

/* A line with "-" and one with "+" of what is a word under each policy. */
static void show_words(const char *what, const char *before, const char *after, struct strbuf *out)
{
	strbuf_show(out, "  - %s: %s\n", what, before);
	strbuf_show(out, "  + %s: %s\n", what, after);
}

static void show_difference(const struct policy_tested *tested, struct strbuf *out)
{
	const struct difference *difference = &tested->difference;
	const struct verdict *before = tested->before, *after = tested->after;

	if (difference->mode)
		show_words("mode", before->observed ? "observe" : "enforce",
			   after->observed ? "observe" : "enforce", out);
	if (difference->network) {
		show_network('-', &before->network, out);
		show_network('+', &after->network, out);
	}
	show_capabilities('-', &difference->lost, out);
	show_capabilities('+', &difference->gained, out);
	if (difference->confinement) {
		show_confinement('-', &before->confinement, out);
		show_confinement('+', &after->confinement, out);
	}
	if (difference->kernel_mounts)
		show_words("kernelMounts of later mounts", before->kernel_own ? "own" : "requested",
			   after->kernel_own ? "own" : "requested", out);
	if (difference->groups)
		show_words("cgroup.overlap", before->group_exclusive ? "refused" : "open",
			   after->group_exclusive ? "refused" : "open", out);
	if (difference->limits) {
		show_limits('-', &before->parent, out);
		show_limits('+', &after->parent, out);
	}
	show_decisions('-', &difference->removed, out);
	show_decisions('+', &difference->added, out);
}

static void show_tested(const struct policy_tested *tested, struct strbuf *out)
{
	if (tested->id)
		strbuf_show(out, "container %s (state root %s), bundle %s: ", tested->id,
			    tested->root, tested->bundle ? tested->bundle : "?");
	else
		strbuf_show(out, "bundle %s: ", tested->bundle);
	if (tested->error.kind) {
		strbuf_show(out, "cannot be judged: %s\n", tested->error.text);
		return;
	}
	strbuf_show(out, "%s\n", title_of(tested));
	show_request(tested, out);
	show_difference(tested, out);
}

/* --- JSON --- */

static void json_network(const char *key, const struct verdict *verdict, struct json_out *out)
{
	const char *join = value_to_name(network_join_names, verdict->network.join);

	json_out_key(out, key);
	json_out_object(out);
	json_out_member_bool(out, "refused", verdict->refused);
	json_out_member_bool(out, "observed", verdict->observed);
	if (join)
		json_out_member_string(out, "join", join);
	if (verdict->network.path)
		json_out_member_string(out, "path", verdict->network.path);
	if (verdict->network.cookie)
		json_out_member_u64(out, "cookie", verdict->network.cookie);
	json_out_key(out, "confinement");
	fields_encode(&confinement_fields, &verdict->confinement, out);
	json_out_object_end(out);
}

static void json_words(const char *key, const struct strlist *list, struct json_out *out)
{
	json_out_key(out, key);
	json_out_array(out);
	for (size_t i = 0; i < list->n; i++)
		json_out_string(out, list->v[i]);
	json_out_array_end(out);
}

static void json_decisions(const char *key, const struct decisions *decisions, struct json_out *out)
{
	json_out_key(out, key);
	json_out_array(out);
	for (size_t i = 0; i < decisions->n; i++)
		fields_encode(&decision_fields, &decisions->v[i], out);
	json_out_array_end(out);
}

static void json_tested(const struct policy_tested *tested, struct json_out *out)
{
	const struct difference *difference = &tested->difference;

	json_out_object(out);
	if (tested->id) {
		json_out_member_string(out, "id", tested->id);
		json_out_member_string(out, "root", tested->root);
	}
	if (tested->bundle)
		json_out_member_string(out, "bundle", tested->bundle);
	if (tested->request)
		json_out_member_string(out, "request",
				       value_to_name(tested_names, tested->request));
	if (tested->doubt.kind)
		json_out_member_string(out, "doubt", tested->doubt.text);
	if (tested->error.kind) {
		json_out_member_string(out, "outcome", "error");
		json_out_member_string(out, "error", tested->error.text);
	} else {
		json_out_member_string(out, "outcome",
				       value_to_name(difference_names, difference->kind));
		json_network("before", tested->before, out);
		json_network("after", tested->after, out);
		json_words("capabilitiesLost", &difference->lost, out);
		json_words("capabilitiesGained", &difference->gained, out);
		json_decisions("decisionsRemoved", &difference->removed, out);
		json_decisions("decisionsAdded", &difference->added, out);
	}
	json_out_object_end(out);
}

/* --- all of them --- */

static int emit_tested(void *context, const struct policy_tested *tested, struct err *e)
{
	struct report *report = context;

	(void)e;
	if (tested->error.kind) {
		if (!report->failed++)
			report->first = tested->error;
	} else {
		report->judged++;
		report->kinds[tested->difference.kind]++;
		report->inexact +=
			tested->request == TESTED_UNDONE || tested->request == TESTED_EFFECTIVE;
	}
	if (report->as_json)
		json_tested(tested, report->json);
	else if (tested->error.kind || tested->difference.kind != DIFFERENCE_NONE)
		show_tested(tested, &report->text);
	return 0;
}

static const char *shown_path(const struct policy_source *source)
{
	return source->path ? source->path : "built-in policy";
}

static void begin(struct report *report, const struct policy_source *in_force,
		  const struct policy_source *other)
{
	struct json_out *out = report->json;

	strbuf_show(&report->text, "- %s\n", shown_path(in_force));
	strbuf_show(&report->text, "+ %s\n", shown_path(other));
	json_out_object(out);
	json_out_key(out, "inForce");
	json_out_string(out, in_force->path);
	json_out_member_string(out, "file", other->path);
	json_out_key(out, "results");
	json_out_array(out);
}

static void show_sum(struct report *report)
{
	strbuf_show(&report->text,
		    "%zu judged: %zu newly refused, %zu newly allowed, %zu different, %zu the same",
		    report->judged, report->kinds[DIFFERENCE_REFUSED],
		    report->kinds[DIFFERENCE_ALLOWED], report->kinds[DIFFERENCE_OTHER],
		    report->kinds[DIFFERENCE_NONE]);
	if (report->inexact)
		strbuf_show(&report->text, "; %zu without a record of what was asked for",
			    report->inexact);
	if (report->failed)
		strbuf_show(&report->text, "; %zu could not be judged", report->failed);
	strbuf_putc(&report->text, '\n');
}

static int finish(struct report *report, struct err *e)
{
	const struct err first = report->first;

	if (report->as_json) {
		json_out_array_end(report->json);
		json_out_object_end(report->json);
	} else {
		show_sum(report);
	}
	if ((report->as_json ? cli_output_json(report->json, e) : cli_output(&report->text, e)) < 0)
		return -1;
	if (report->failed > 1)
		return fail(e, first.kind, "%s; and %zu more could not be judged", first.text,
			    report->failed - 1);
	if (report->failed) {
		*e = first;
		return -1;
	}
	if (report->kinds[DIFFERENCE_REFUSED])
		return EXIT_REFUSES;
	return report->kinds[DIFFERENCE_NONE] == report->judged ? 0 : EXIT_DIFFERS;
}

int run_policy_test(const struct cli_call *call, struct err *e)
{
	const struct strlist bundles = {
		.n = call->arguments.n > 2 ? call->arguments.n - 2 : 0,
		.v = call->arguments.n > 2 ? call->arguments.v + 2 : NULL,
	};
	auto_json_out out = json_out_new(true);
	struct report report = { .as_json = str_eq(call->values.format, "json"), .json = out };
	const struct policy_test test = {
		.file = call->arguments.n > 1 ? call->arguments.v[1] : NULL,
		.bundles = &bundles,
		.living = call->values.living,
		.emit = emit_tested,
		.context = &report,
	};
	struct policy_source in_force, other;
	int rc = -1;

	if (!test.file)
		return fail(e, ERR_USAGE, "policy test: FILE is missing: the policy to be tested");
	if (!bundles.n && !test.living)
		return fail(
			e, ERR_USAGE,
			"policy test: name bundles, or --living for the containers that run, or both");
	if (policy_load(call->global.policy_path, call->arena, &in_force, e) < 0 ||
	    policy_load(test.file, call->arena, &other, e) < 0)
		return -1;
	begin(&report, &in_force, &other);
	if (container_policy_test(&call->global, &test, e) == 0)
		rc = finish(&report, e);
	strbuf_release(&report.text);
	return rc;
}
