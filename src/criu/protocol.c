/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests to bytes, bytes to answers (protocol.h). The numbers are those of criu's rpc.proto. Pure.
 */
#include "criu/protocol.h"

#include "criu/wire.h"

/* --- criu_req --- */
enum { REQ_TYPE = 1, REQ_OPTS = 2, REQ_NOTIFY_SUCCESS = 3, REQ_FEATURES = 5 };
/* --- criu_opts, but the flags --- */
enum {
	OPTS_IMAGES_DIR_FD = 1,
	OPTS_PID = 2,
	OPTS_LOG_LEVEL = 9,
	OPTS_LOG_FILE = 10,
	OPTS_PAGE_SERVER = 11,
	OPTS_ROOT = 13,
	OPTS_PARENT_IMG = 14,
	OPTS_WORK_DIR_FD = 17,
	OPTS_EXT_MNT = 23,
	OPTS_MANAGE_CGROUPS = 24,
	OPTS_CG_ROOT = 25,
	OPTS_INHERIT_FD = 27,
	OPTS_MANAGE_CGROUPS_MODE = 34,
	OPTS_EXTERNAL = 37,
	OPTS_EMPTY_NS = 38,
	OPTS_JOIN_NS = 39,
	OPTS_FREEZE_CGROUP = 44,
	OPTS_CONFIG_FILE = 51,
	OPTS_LSM_PROFILE = 53,
	OPTS_CGROUP_YARD = 60,
	OPTS_LSM_MOUNT_CONTEXT = 63,
	OPTS_NETWORK_LOCK = 64,
};
/* --- criu_resp --- */
enum {
	RESP_TYPE = 1,
	RESP_SUCCESS = 2,
	RESP_RESTORE = 4,
	RESP_NOTIFY = 5,
	RESP_ERRNO = 7,
	RESP_FEATURES = 8,
	RESP_MESSAGE = 9,
	RESP_VERSION = 10,
};

/* What criu calls debug, as far as its "Error" lines need their neighbours: everything but pages. */
#define LOG_LEVEL 4

static const struct {
	size_t offset;
	unsigned field;
} flags[] = {
	{ offsetof(struct criu_request, leave_running), 3 },
	{ offsetof(struct criu_request, ext_unix_sk), 4 },
	{ offsetof(struct criu_request, tcp_established), 5 },
	{ offsetof(struct criu_request, evasive_devices), 6 },
	{ offsetof(struct criu_request, shell_job), 7 },
	{ offsetof(struct criu_request, file_locks), 8 },
	{ offsetof(struct criu_request, notify_scripts), 12 },
	{ offsetof(struct criu_request, track_mem), 15 },
	{ offsetof(struct criu_request, auto_dedup), 16 },
	{ offsetof(struct criu_request, link_remap), 18 },
	{ offsetof(struct criu_request, rst_sibling), 26 },
	{ offsetof(struct criu_request, tcp_skip_in_flight), 46 },
	{ offsetof(struct criu_request, orphan_pts_master), 50 },
	{ offsetof(struct criu_request, tcp_close), 52 },
};

void criu_pairs_add(struct criu_pairs *pairs, struct arena *arena, const char *key,
		    const char *value)
{
	if (pairs->n == pairs->capacity) {
		size_t capacity = pairs->capacity ? pairs->capacity * 2 : 16;
		struct criu_pair *larger = arena_new_array(arena, struct criu_pair, capacity);

		for (size_t i = 0; i < pairs->n; i++)
			larger[i] = pairs->v[i];
		pairs->v = larger;
		pairs->capacity = capacity;
	}
	pairs->v[pairs->n++] = (struct criu_pair){ .key = key, .value = value };
}

static void put_if(struct strbuf *out, unsigned field, const char *text)
{
	if (text)
		wire_put_text(out, field, text);
}

static void put_pairs(struct strbuf *out, unsigned field, const struct criu_pairs *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		autostrbuf pair = { 0 };

		wire_put_text(&pair, 1, pairs->v[i].key);
		wire_put_text(&pair, 2, pairs->v[i].value);
		wire_put_message(out, field, &pair);
	}
}

static void put_page_server(struct strbuf *out, const struct criu_request *r)
{
	autostrbuf server = { 0 };

	if (!r->page_server)
		return;
	wire_put_text(&server, 1, r->page_server);
	wire_put_number(&server, 2, r->page_server_port);
	wire_put_message(out, OPTS_PAGE_SERVER, &server);
}

static void put_descriptors(struct strbuf *out, const struct criu_request *r)
{
	for (size_t i = 0; i < r->n_descriptors; i++) {
		autostrbuf descriptor = { 0 };

		wire_put_text(&descriptor, 1, r->descriptors[i].key);
		wire_put_signed(&descriptor, 2, r->descriptors[i].fd);
		wire_put_message(out, OPTS_INHERIT_FD, &descriptor);
	}
}

static void put_cgroups(struct strbuf *out, const struct criu_request *r)
{
	autostrbuf root = { 0 };

	if (!r->manage_cgroups)
		return;
	wire_put_number(out, OPTS_MANAGE_CGROUPS, r->cgroups_mode != CRIU_CGROUPS_IGNORE);
	wire_put_number(out, OPTS_MANAGE_CGROUPS_MODE, (uint64_t)r->cgroups_mode);
	put_if(out, OPTS_CGROUP_YARD, r->cgroup_yard);
	if (!r->cgroup_root)
		return;
	wire_put_text(&root, 2, r->cgroup_root);
	wire_put_message(out, OPTS_CG_ROOT, &root);
}

static void put_options(struct strbuf *out, const struct criu_request *r)
{
	wire_put_signed(out, OPTS_IMAGES_DIR_FD, r->images);
	if (r->work >= 0)
		wire_put_signed(out, OPTS_WORK_DIR_FD, r->work);
	if (r->pid)
		wire_put_signed(out, OPTS_PID, r->pid);
	wire_put_number(out, OPTS_LOG_LEVEL, LOG_LEVEL);
	put_if(out, OPTS_LOG_FILE, r->log_file);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (*(const bool *)((const char *)r + flags[i].offset))
			wire_put_number(out, flags[i].field, 1);
	put_page_server(out, r);
	put_if(out, OPTS_ROOT, r->root);
	put_if(out, OPTS_PARENT_IMG, r->parent_image);
	put_pairs(out, OPTS_EXT_MNT, &r->mounts);
	put_cgroups(out, r);
	put_descriptors(out, r);
	for (size_t i = 0; i < r->external.n; i++)
		wire_put_text(out, OPTS_EXTERNAL, r->external.v[i]);
	if (r->empty_namespaces)
		wire_put_number(out, OPTS_EMPTY_NS, r->empty_namespaces);
	put_pairs(out, OPTS_JOIN_NS, &r->joins);
	put_if(out, OPTS_FREEZE_CGROUP, r->freeze_cgroup);
	put_if(out, OPTS_CONFIG_FILE, r->config_file);
	put_if(out, OPTS_LSM_PROFILE, r->lsm_profile);
	put_if(out, OPTS_LSM_MOUNT_CONTEXT, r->lsm_mount_context);
	if (r->network_lock)
		wire_put_number(out, OPTS_NETWORK_LOCK, (uint64_t)r->network_lock);
}

void criu_request_encode(const struct criu_request *request, struct strbuf *out)
{
	autostrbuf inner = { 0 };

	wire_put_number(out, REQ_TYPE, (uint64_t)request->type);
	if (request->type == CRIU_VERSION)
		return;
	if (request->type == CRIU_FEATURE_CHECK) {
		wire_put_number(&inner, 1, 1);
		wire_put_message(out, REQ_FEATURES, &inner);
		return;
	}
	put_options(&inner, request);
	wire_put_message(out, REQ_OPTS, &inner);
}

void criu_notified_encode(bool success, struct strbuf *out)
{
	wire_put_number(out, REQ_TYPE, CRIU_NOTIFY);
	wire_put_number(out, REQ_NOTIFY_SUCCESS, success);
}

static int take_restore(struct wire wire, struct criu_answer *ret)
{
	struct wire_field field;
	int rc;

	while ((rc = wire_next(&wire, &field)) > 0)
		if (field.number == 1 && field.is_number)
			ret->pid = (pid_t)field.value;
	return rc;
}

static int take_notify(struct wire wire, struct criu_answer *ret)
{
	struct wire_field field;
	int rc;

	while ((rc = wire_next(&wire, &field)) > 0) {
		if (field.number == 1 && !field.is_number)
			wire_copy_text(&field.content, ret->script, sizeof(ret->script));
		if (field.number == 2 && field.is_number)
			ret->pid = (pid_t)field.value;
	}
	return rc;
}

static int take_features(struct wire wire, struct criu_answer *ret)
{
	struct wire_field field;
	int rc;

	while ((rc = wire_next(&wire, &field)) > 0)
		if (field.number == 1 && field.is_number)
			ret->mem_track = field.value != 0;
	return rc;
}

static int take_version(struct wire wire, struct criu_answer *ret)
{
	unsigned parts[5] = { 0 };
	struct wire_field field;
	int rc;

	while ((rc = wire_next(&wire, &field)) > 0)
		if (field.number < 5 && field.is_number && field.value < 100)
			parts[field.number] = (unsigned)field.value;
	/* major, minor and, behind a text, the third number */
	ret->version = parts[1] * 10000 + parts[2] * 100 + parts[4];
	return rc;
}

static int take_number(const struct wire_field *field, struct criu_answer *ret)
{
	if (field->number == RESP_TYPE)
		ret->type = (int)field->value;
	else if (field->number == RESP_SUCCESS)
		ret->success = field->value != 0;
	else if (field->number == RESP_ERRNO)
		ret->error = (int)field->value;
	return 0;
}

static int take_content(const struct wire_field *field, struct criu_answer *ret)
{
	switch (field->number) {
	case RESP_RESTORE:
		return take_restore(field->content, ret);
	case RESP_NOTIFY:
		return take_notify(field->content, ret);
	case RESP_FEATURES:
		return take_features(field->content, ret);
	case RESP_VERSION:
		return take_version(field->content, ret);
	case RESP_MESSAGE:
		wire_copy_text(&field->content, ret->message, sizeof(ret->message));
		return 0;
	default:
		return 0;
	}
}

int criu_answer_decode(const char *bytes, size_t length, struct criu_answer *ret, struct err *e)
{
	struct wire wire = { .at = (const unsigned char *)bytes, .left = length };
	struct criu_answer answer = { 0 };
	struct wire_field field;
	int rc;

	while ((rc = wire_next(&wire, &field)) > 0) {
		rc = field.is_number ? take_number(&field, &answer) : take_content(&field, &answer);
		if (rc < 0)
			break;
	}
	if (rc < 0 || answer.type == 0)
		return fail(e, ERR_SYSTEM, "criu's answer of %zu bytes cannot be understood",
			    length);
	*ret = answer;
	return 0;
}
