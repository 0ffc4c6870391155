/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container is like at this moment: how far its records say it came, and what the kernel says of
 * its first process. Takes no lock and writes nothing.
 */
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "container/recorded.h"
#include "container/records.h"
#include "model/oci_state.h"
#include "sys/channel.h"

#include <inttypes.h>

const struct name_row container_status_names[] = {
	{ "creating", STATUS_CREATING }, { "created", STATUS_CREATED },
	{ "running", STATUS_RUNNING },   { "paused", STATUS_PAUSED },
	{ "stopped", STATUS_STOPPED },   { NULL, 0 },
};

/* The version of the specification that the state object follows where no configuration is known. */
#define VIEW_OCI_VERSION "1.3.0"

int container_is_waiting(const struct state_dir *dir, const struct status_record *record,
			 struct err *e)
{
	if (record->phase != PHASE_CREATED)
		return 0;
	int rc = channel_has_listener(dir->fd, STATE_START_SOCKET, e);
	return rc < 0 ? err_prefix(e, "container %s", dir->id) : rc;
}

int container_is_paused(const struct cgroup_record *cgroup, bool *ret, struct err *e)
{
	*ret = false;
	return cgroup ? cgroup_ask_frozen(cgroup, ret, e) : 0;
}

static int look_at_process(const struct state_dir *dir, const struct status_record *record,
			   struct container_view *view, struct err *e)
{
	bool executed = false;
	int runs = process_look_at(&record->init, &executed, e);

	if (runs < 0)
		return -1;
	if (runs == 0) {
		view->status = STATUS_STOPPED;
		return 0;
	}

	const struct cgroup_record *cgroup = recorded_cgroup(record, NULL);
	bool paused;
	view->pid = record->init.pid;
	/* Hooks of its creation may be running, which are told the same of it. */
	if (record->phase == PHASE_CREATING) {
		view->status = STATUS_CREATED;
		return 0;
	}
	if (container_is_paused(cgroup, &paused, e) < 0)
		return -1;
	/* Its program runs, whatever the record says: `start` was killed before it could write that down. */
	int waiting = paused || executed ? 0 : container_is_waiting(dir, record, e);
	if (waiting < 0)
		return -1;
	view->status = paused ? STATUS_PAUSED : waiting ? STATUS_CREATED : STATUS_RUNNING;
	return 0;
}

static int view_claimed(const struct state_dir *dir, struct arena *arena,
			struct container_view *view, struct err *e)
{
	struct intent_record *intent;

	if (state_read_intent(dir, arena, &intent, e) < 0)
		return -1;
	view->status = STATUS_CREATING;
	view->oci_version = VIEW_OCI_VERSION;
	view->bundle = intent && intent->bundle ? intent->bundle : "";
	return 0;
}

static bool is_creator_gone(const struct state_dir *dir, struct arena *arena)
{
	struct intent_record *intent;
	struct err e;

	return state_read_intent(dir, arena, &intent, &e) == 0 && intent &&
	       !process_may_run(&intent->owner);
}

/* Its creator has ended before it was created, so it never will be: as good as stopped, as for delete. */
static int look_for_creator(const struct global_options *global, const struct state_dir *dir,
			    struct arena *arena, struct status_record **record,
			    struct container_view *view, struct err *e)
{
	if ((*record)->phase != PHASE_CREATING || !view->pid || !is_creator_gone(dir, arena))
		return 0;
	/* It may have come to its end between the two looks. */
	if (records_status(global, dir, arena, record, e) < 0)
		return -1;
	if (!*record)
		return fail(e, ERR_NOT_FOUND, "container does not exist: %s", dir->id);
	if ((*record)->phase != PHASE_CREATING)
		return look_at_process(dir, *record, view, e);
	view->status = STATUS_STOPPED;
	view->pid = 0;
	return 0;
}

static int view_recorded(const struct global_options *global, const struct state_dir *dir,
			 struct status_record *record, struct arena *arena,
			 struct container_view *ret, struct err *e)
{
	struct container_view view = { .root = arena_strdup(arena, dir->root),
				       .id = arena_strdup(arena, dir->id) };

	if (look_at_process(dir, record, &view, e) < 0 ||
	    look_for_creator(global, dir, arena, &record, &view, e) < 0)
		return -1;
	view.oci_version = record->oci_version;
	view.bundle = record->bundle;
	view.rootfs = record->rootfs;
	view.created = record->created;
	view.owner = record->owner;
	view.record = record;
	*ret = view;
	return 0;
}

int container_view(const struct global_options *global, const char *id, struct arena *arena,
		   struct container_view *ret, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;
	struct container_view view = { .id = arena_strdup(arena, id) };
	struct status_record *record;

	if (state_open(global->root, id, false, &dir, e) < 0 ||
	    records_status(global, &dir, arena, &record, e) < 0)
		return -1;
	if (record)
		return view_recorded(global, &dir, record, arena, ret, e);
	if (view_claimed(&dir, arena, &view, e) < 0)
		return -1;
	*ret = view;
	return 0;
}

int container_view_below(const struct global_options *global, int root_fd, const char *id,
			 struct arena *arena, struct container_view *ret, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;
	struct status_record *record;

	if (state_open_below(root_fd, global->root, id, &dir, e) < 0 ||
	    state_read_status(&dir, arena, &record, e) < 0)
		return -1;
	/* What is in its place the longer way finds out. */
	return record ? view_recorded(global, &dir, record, arena, ret, e)
		      : container_view(global, id, arena, ret, e);
}

int container_view_recorded(const struct global_options *global, const char *id,
			    struct arena *arena, struct container_view *ret, struct err *e)
{
	if (container_view(global, id, arena, ret, e) < 0)
		return -1;
	return ret->record ? 0 : fail(e, ERR_NOT_FOUND, "container does not exist: %s", id);
}

static bool is_in_network(const struct status_record *record)
{
	return record && (record->network == NETWORK_EARLY || record->network == NETWORK_LATE);
}

const char *container_network_name(const struct container_view *view)
{
	if (!is_in_network(view->record))
		return "-";
	return view->record->network_name ? view->record->network_name : POLICY_NETWORK_DEFAULT;
}

const struct strlist *container_addresses(const struct status_record *record)
{
	static const struct strlist none;

	return record && record->address ? &record->address->addresses : &none;
}

const char *addresses_text(const struct strlist *addresses, struct arena *arena)
{
	autostrbuf text = { 0 };

	for (size_t i = 0; i < addresses->n; i++)
		strbuf_show(&text, "%s%s", i ? "," : "", addresses->v[i]);
	return addresses->n ? arena_strdup(arena, strbuf_text(&text)) : NULL;
}

void addresses_out(const struct strlist *addresses, struct json_out *out)
{
	if (addresses->n == 0)
		return;
	json_out_key(out, "addresses");
	json_out_array(out);
	for (size_t i = 0; i < addresses->n; i++)
		json_out_string(out, addresses->v[i]);
	json_out_array_end(out);
}

static void addresses_json(const struct status_record *record, struct json_out *out)
{
	addresses_out(container_addresses(record), out);
	if (record->address && record->address->private_localhost)
		json_out_member_string(out, "localhost", "private");
}

static void network_json(const struct container_view *view, struct json_out *out)
{
	const struct status_record *record = view->record;

	json_out_key(out, "network");
	json_out_object(out);
	json_out_member_string(out, "name", container_network_name(view));
	if (record->network_path)
		json_out_member_string(out, "path", record->network_path);
	if (record->network_entry)
		json_out_member_string(out, "entry", record->network_entry);
	addresses_json(record, out);
	json_out_object_end(out);
}

struct owner_name container_owner_name(uint32_t uid)
{
	struct owner_name name = { "root" };

	if (uid)
		snprintf(name.text, sizeof(name.text), "%" PRIu32, uid);
	return name;
}

/* What the person who asked for the container must know; explain has the rest. */
static void warnings_json(const struct status_record *record, struct json_out *out)
{
	autoarena arena = { 0 };
	bool any = false;

	for (size_t i = 0; i < record->decisions.n; i++) {
		const char *text = decisions_warning(&record->decisions, i, &arena);

		if (!text)
			continue;
		if (!any) {
			json_out_key(out, "warnings");
			json_out_array(out);
		}
		any = true;
		json_out_string(out, text);
	}
	if (any)
		json_out_array_end(out);
}

int container_state_json(const struct container_view *view, struct json_out *out, struct err *e)
{
	const struct status_record *record = view->record;
	struct owner_name owner = container_owner_name(view->owner);
	struct oci_state state = {
		.oci_version = view->oci_version,
		.id = view->id,
		.status = value_to_name(container_status_names, view->status),
		.pid = (pid_t)view->pid,
		.bundle = view->bundle,
		.rootfs = view->rootfs,
		.created = view->created,
		.annotations = record && record->annotations.n ? &record->annotations : NULL,
		.owner = record ? owner.text : NULL,
	};

	if (!state.status)
		return fail(e, ERR_INTERNAL, "container %s: status %d has no name", view->id,
			    view->status);
	json_out_object(out);
	oci_state_members(&state, out);
	if (is_in_network(record))
		network_json(view, out);
	if (record && record->ids.size) {
		json_out_key(out, "ids");
		fields_encode(&id_range_fields, &record->ids, out);
	}
	if (record && record->confinement) {
		json_out_key(out, "confinement");
		fields_encode(&confinement_fields, record->confinement, out);
	}
	if (record && record->policy && record->policy->mode == POLICY_ENFORCE)
		warnings_json(record, out);
	json_out_object_end(out);
	return 0;
}
