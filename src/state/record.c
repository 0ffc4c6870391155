/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the records look like on disk, and from bytes to their structs. Pure: no system call.
 *
 * The tables are open: a later program of the same version may add members that this one does not know.
 */
#include "state/record.h"

#include "os/json_file.h"
#include "state/registry.h"
#include "state/state.h"

const struct name_row container_phase_names[] = {
	{ "creating", PHASE_CREATING },
	{ "created", PHASE_CREATED },
	{ "started", PHASE_STARTED },
	{ NULL, 0 },
};

static const struct field intent_rows[] = {
	FIELD(struct intent_record, I64, version, "version", FIELD_REQUIRED),
	FIELD(struct intent_record, STRING, id, "id", FIELD_REQUIRED | FIELD_NOT_EMPTY),
	FIELD(struct intent_record, I64, owner.pid, "ownerPid", FIELD_REQUIRED),
	FIELD(struct intent_record, U64, owner.start_time, "ownerStartTime", FIELD_REQUIRED),
	FIELD(struct intent_record, STRING, owner.boot_id, "ownerBootId", FIELD_REQUIRED),
	FIELD_OBJECT_ROW(struct intent_record, cgroup, struct cgroup_record, "cgroup", 0,
			 &cgroup_record_fields),
	FIELD_OBJECT_ROW(struct intent_record, rdt, struct rdt_record, "rdt", 0,
			 &rdt_record_fields),
	FIELD(struct intent_record, STRING, group, "group", 0),
	FIELD(struct intent_record, STRING, bundle, "bundle", FIELD_REQUIRED),
	FIELD(struct intent_record, U32, ids.first, "idsFirst", 0),
	FIELD(struct intent_record, U32, ids.size, "idsSize", 0),
	FIELD(struct intent_record, STRING, hook.kind, "hookKind", 0),
	FIELD(struct intent_record, I64, hook.runner.pid, "hookRunnerPid", 0),
	FIELD(struct intent_record, U64, hook.runner.start_time, "hookRunnerStartTime", 0),
	FIELD(struct intent_record, STRING, hook.runner.boot_id, "hookRunnerBootId", 0),
	FIELD(struct intent_record, I64, hook.guard.pid, "hookGuardPid", 0),
	FIELD(struct intent_record, U64, hook.guard.start_time, "hookGuardStartTime", 0),
	FIELD(struct intent_record, STRING, hook.guard.boot_id, "hookGuardBootId", 0),
	FIELD(struct intent_record, I64, hook.process.pid, "hookPid", 0),
	FIELD(struct intent_record, U64, hook.process.start_time, "hookStartTime", 0),
	FIELD(struct intent_record, STRING, hook.process.boot_id, "hookBootId", 0),
};
const struct fields intent_fields =
	FIELDS("struct intent_record", struct intent_record, intent_rows, 0);

static const struct field status_rows[] = {
	FIELD(struct status_record, I64, version, "version", FIELD_REQUIRED),
	FIELD(struct status_record, STRING, id, "id", FIELD_REQUIRED | FIELD_NOT_EMPTY),
	FIELD(struct status_record, STRING, oci_version, "ociVersion", FIELD_REQUIRED),
	FIELD_ENUM_ROW(struct status_record, phase, "phase", FIELD_REQUIRED, container_phase_names),
	FIELD(struct status_record, I64, init.pid, "initPid", FIELD_REQUIRED),
	FIELD(struct status_record, U64, init.start_time, "initStartTime", FIELD_REQUIRED),
	FIELD(struct status_record, STRING, init.boot_id, "initBootId", 0),
	FIELD(struct status_record, STRING, bundle, "bundle", FIELD_REQUIRED),
	FIELD(struct status_record, STRING, rootfs, "rootfs", 0),
	FIELD(struct status_record, STRING, created, "created", FIELD_REQUIRED),
	FIELD(struct status_record, ID, owner, "owner", FIELD_REQUIRED),
	FIELD_ENUM_ROW(struct status_record, network, "network", 0, network_join_names),
	FIELD(struct status_record, STRING, network_path, "networkPath", 0),
	FIELD(struct status_record, STRING, network_name, "networkName", 0),
	FIELD(struct status_record, STRING, network_entry, "networkEntry", 0),
	FIELD(struct status_record, STRLIST, entry_keys, "networkEntryKeys", 0),
	FIELD(struct status_record, U64, network_cookie, "networkCookie", FIELD_REQUIRED),
	FIELD(struct status_record, U32, ids.first, "idsFirst", 0),
	FIELD(struct status_record, U32, ids.size, "idsSize", 0),
	FIELD_OBJECT_ROW(struct status_record, cgroup, struct cgroup_record, "cgroup", 0,
			 &cgroup_record_fields),
	FIELD_OBJECT_ROW(struct status_record, rdt, struct rdt_record, "rdt", 0,
			 &rdt_record_fields),
	FIELD_OBJECT_ROW(struct status_record, forward, struct forward_record, "forward", 0,
			 &forward_record_fields),
	FIELD_OBJECT_ROW(struct status_record, address, struct address_record, "address", 0,
			 &address_record_fields),
	FIELD(struct status_record, STRMAP, annotations, "annotations", 0),
	FIELD_OBJECT_ROW(struct status_record, policy, struct policy, "policy", 0, &policy_fields),
	FIELD(struct status_record, STRING, policy_path, "policyPath", 0),
	FIELD_LIST_ROW(struct status_record, decisions, struct decision, "decisions", 0,
		       &decision_fields),
	FIELD_OBJECT_ROW(struct status_record, confinement, struct confinement, "confinement", 0,
			 &confinement_fields),
	FIELD_OBJECT_ROW(struct status_record, identity, struct identity_record, "identity", 0,
			 &identity_record_fields),
	FIELD(struct status_record, BOOL, terminal, "terminal", 0),
	FIELD(struct status_record, BOOL, no_new_keyring, "noNewKeyring", 0),
	FIELD(struct status_record, BOOL, poststop, "poststop", 0),
};
const struct fields status_fields =
	FIELDS("struct status_record", struct status_record, status_rows, 0);

static const struct field member_rows[] = {
	FIELD(struct member_record, I64, version, "version", FIELD_REQUIRED),
	FIELD(struct member_record, STRING, id, "id", FIELD_REQUIRED | FIELD_NOT_EMPTY),
	FIELD(struct member_record, STRING, root, "root", FIELD_REQUIRED | FIELD_NOT_EMPTY),
	FIELD(struct member_record, STRING, bundle, "bundle", 0),
	FIELD(struct member_record, I64, init.pid, "initPid", FIELD_REQUIRED),
	FIELD(struct member_record, U64, init.start_time, "initStartTime", FIELD_REQUIRED),
	FIELD(struct member_record, STRING, init.boot_id, "initBootId", FIELD_REQUIRED),
	FIELD(struct member_record, U32, ids.first, "idsFirst", 0),
	FIELD(struct member_record, U32, ids.size, "idsSize", 0),
	FIELD(struct member_record, U64, network_cookie, "networkCookie", FIELD_REQUIRED),
	FIELD(struct member_record, STRING, network_path, "networkPath", 0),
	FIELD(struct member_record, STRING, network_name, "networkName", 0),
	FIELD(struct member_record, STRLIST, addresses, "addresses", FIELD_SPARSE),
};
const struct fields member_fields =
	FIELDS("struct member_record", struct member_record, member_rows, 0);

struct network network_of_status(const struct status_record *status)
{
	return (struct network){
		.join = status->network,
		.path = status->network_path,
		.cookie = status->network_cookie,
		.name = status->network_name,
		.entry = status->network_entry,
		.entry_keys = status->entry_keys,
	};
}

struct oci_state oci_state_of_status(const struct status_record *record, const char *status)
{
	return (struct oci_state){
		.oci_version = record->oci_version,
		.id = record->id,
		.status = status,
		.bundle = record->bundle,
		.pid = (pid_t)record->init.pid,
		.annotations = &record->annotations,
	};
}

bool record_is_cut(const char *text, size_t length)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];
		if (in_string && c == '\\')
			i++;
		else if (c == '"')
			in_string = !in_string;
		else if (in_string)
			continue;
		else if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth > 0 && --depth == 0)
			return false;
	}
	return true;
}

/* Before the rest is looked at, because a newer version may have other types. */
static int check_version(const char *name, const struct json_value *tree, struct err *e)
{
	const struct json_value *v = json_get(tree, "version");
	int64_t version;

	if (!v || v->kind != JSON_NUMBER || !parse_i64(v->text, &version))
		return 0; /* the decoder says what is wrong with it, and where */
	if (version > STATE_VERSION)
		return fail(
			e, ERR_STATE,
			"%s has version %lld and was written by a newer program; this one reads up to version %d",
			name, (long long)version, STATE_VERSION);
	if (version < 1)
		return fail(e, ERR_STATE, "%s has version %lld; the first one is 1", name,
			    (long long)version);
	return 0;
}

int record_fail_cut(const char *name, size_t length, struct err *e)
{
	return fail(e, ERR_STATE, "%s is cut short (%zu bytes)", name, length);
}

int record_decode(const struct fields *fields, const char *name, const char *text, size_t length,
		  struct arena *arena, void **ret, struct err *e)
{
	autostrbuf notes = { 0 };
	const struct json_source source = {
		.name = name, .text = text, .length = length, .notes = json_notes(&notes)
	};
	autoarena scratch = { 0 };
	struct json_value *tree;

	void *record = arena_alloc(arena, fields->size);
	int rc = json_parse(&source, &scratch, &tree, e);
	if (rc == 0)
		rc = check_version(name, tree, e);
	if (rc == 0)
		rc = fields_decode(fields, &source, tree, arena, record, e);
	if (rc < 0 && record_is_cut(text, length))
		return record_fail_cut(name, length, e);
	if (rc < 0) {
		/* Not the caller's configuration is wrong but what lies on the disk. */
		e->kind = ERR_STATE;
		return -1;
	}
	json_notes_tell(&notes);
	*ret = record;
	return 0;
}
