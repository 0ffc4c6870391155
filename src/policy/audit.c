/* SPDX-License-Identifier: Apache-2.0 */
/* See audit.h. Pure. */
#include "policy/audit.h"

#include "base/json_out.h"

/* A datagram has room for some of them. */
#define TEXT_MAX (16u << 10)

static const struct name_row request_names[] = {
	{ "create", PATH_CREATE },
	{ "exec", PATH_EXEC },
	{ "mounts", PATH_MOUNTS },
	{ "restore", PATH_RESTORE },
	{ "update", PATH_UPDATE },
	{ "restored", PATH_RESTORED },
	{ NULL, 0 },
};

const char *audit_request_name(enum policy_path path)
{
	return value_to_name(request_names, (int)path);
}

struct policy_audit policy_audit(const struct policy *policy)
{
	struct policy_audit audit = { 0 };

	if (policy && policy->audit.object)
		audit = *(const struct policy_audit *)policy->audit.object;
	else if (policy && !str_eq(policy->audit.word, POLICY_AUDIT_NONE))
		audit.to = policy->audit.word;
	return audit;
}

static void put_text(struct json_out *out, const char *key, const char *text)
{
	autostrbuf cut = { 0 };
	size_t length = 0;

	if (!text)
		return;
	if (strlen(text) > TEXT_MAX) {
		size_t next;

		/* between two characters */
		while ((next = utf8_sequence(text + length, TEXT_MAX)) > 0 &&
		       length + next <= TEXT_MAX)
			length += next;
		strbuf_add(&cut, text, length);
		strbuf_puts(&cut, "...");
		text = strbuf_text(&cut);
	}
	json_out_member_string(out, key, text);
}

static void put_request(const struct audit_request *request, struct json_out *out)
{
	put_text(out, "time", request->time);
	put_text(out, "request", request->name);
	put_text(out, "id", request->id);
	put_text(out, "root", request->root);
	put_text(out, "bundle", request->bundle);
	json_out_key(out, "caller");
	json_out_object(out);
	json_out_member_i64(out, "pid", request->caller);
	json_out_member_u64(out, "uid", request->uid);
	json_out_object_end(out);
	put_text(out, "mode",
		 request->policy && request->policy->mode == POLICY_OBSERVE ? "observe"
									    : "enforce");
	json_out_key(out, "network");
	json_out_object(out);
	put_text(out, "name", request->network_name);
	put_text(out, "entry", request->network_entry);
	put_text(out, "join", value_to_name(network_join_names, request->network));
	put_text(out, "path", request->network_path);
	if (request->network_cookie)
		json_out_member_u64(out, "cookie", request->network_cookie);
	json_out_object_end(out);
}

static void put_decision(const struct decision *decision, struct json_out *out)
{
	put_text(out, "rule", decision->rule);
	put_text(out, "action", value_to_name(decision_action_names, decision->action));
	put_text(out, "path", decision->path);
	put_text(out, "before", decision->before);
	put_text(out, "after", decision->after);
	put_text(out, "why", decision->why);
	if (decision->line.set && decision->column.set) {
		json_out_member_u64(out, "line", decision->line.value);
		json_out_member_u64(out, "column", decision->column.value);
	}
}

int audit_lines(const struct audit_request *request, const struct decisions *decisions,
		size_t first, struct strbuf *out, struct err *e)
{
	for (size_t i = first; i < decisions->n; i++) {
		auto_json_out line = json_out_new(false);
		const char *text;
		size_t length;

		json_out_object(line);
		put_request(request, line);
		put_decision(&decisions->v[i], line);
		json_out_object_end(line);
		if (json_out_finish(line, &text, &length, e) < 0)
			return -1;
		strbuf_add(out, text, length);
		strbuf_putc(out, '\n');
	}
	return 0;
}
