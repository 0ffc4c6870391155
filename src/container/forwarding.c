/* SPDX-License-Identifier: Apache-2.0 */
/* What leads from an engine's network to a container, looked at and made anew. Runs in the runtime. */
#include "boot/record/address.h"
#include "boot/record/forward.h"
#include "container/container.h"
#include "state/registry.h"

bool container_is_held(const struct container_view *view)
{
	return !view->record || view->pid == 0 || record_is_held(view->record);
}

char *container_forwarding_text(const struct container_view *view, struct arena *arena)
{
	autostatedir dir = STATE_DIR_INIT;
	struct err unread;

	if (!view->record || state_open(view->root, view->id, false, &dir, &unread) < 0)
		return NULL;
	return record_forward_text(&dir, view->record, arena);
}

static int renew(const struct member_record *member, struct err *e)
{
	autostatedir dir = STATE_DIR_INIT;
	autoarena arena = { 0 };
	struct status_record *status;

	if (state_open(member->root, member->id, true, &dir, e) < 0)
		return e->kind == ERR_NOT_FOUND ? 0 : -1;
	if (state_read_status(&dir, &arena, &status, e) < 0)
		return -1;
	if (!status || status->phase == PHASE_CREATING || !process_may_run(&status->init))
		return 0;
	return record_forward_again(&dir, status, true, &arena, e) < 0
		       ? err_prefix(e, "container %s", member->id)
		       : 0;
}

/* One that cannot be renewed does not keep the others. */
int container_forwarding_renew(const struct global_options *global, const char *network_path,
			       struct err *e)
{
	autoarena arena = { 0 };
	const char *directory = registry_default_directory(global->rootless, &arena);
	struct members members;
	struct err one;
	int rc = 0;

	if (registry_living(directory, network_path, &arena, &members, e) < 0)
		return -1;
	for (size_t i = 0; i < members.n; i++) {
		if (renew(&members.v[i], &one) == 0)
			continue;
		if (rc == 0)
			*e = one;
		rc = -1;
	}
	return rc;
}
