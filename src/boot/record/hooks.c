/* SPDX-License-Identifier: Apache-2.0 */
/* See record_hooks.h. Runs in the runtime. */
#include "boot/record/hooks.h"

#include "base/auto.h"
#include "boot/record/runtime_hooks.h"
#include "model/network.h"
#include "os/log.h"
#include "plan/state.h"

/* --- the shared network, before and after --- */

/* One with two threads leaves by itself (boot/create/init_threads.c). */
static void look(struct record *r, pid_t init)
{
	network_look_take(&r->look, r->host->network, r->plan->namespaces.late_by_thread ? 0 : init,
			  r->arena);
}

int record_look_at_network(struct record *r, pid_t init)
{
	const struct plan *plan = r->plan;

	if ((r->status->network == NETWORK_EARLY || r->status->network == NETWORK_LATE) &&
	    plan->prestart.n + plan->create_runtime.n + plan->create_container.n > 0)
		look(r, init);
	return 0;
}

static void compare_networks(struct record *r, pid_t init)
{
	const struct network_look before = r->look;
	autostrbuf what = { 0 };
	const char *warning;
	size_t added;

	if (!before.known)
		return;
	look(r, init);
	network_look_compare(&before, &r->look, &what);
	if (what.length == 0)
		return;
	const struct network chosen = network_of_status(r->status);
	added = decisions_add_hooks_changed(&r->status->decisions, &chosen, strbuf_text(&what),
					    r->arena);
	warning = decisions_warning(&r->status->decisions, added, r->arena);
	if (warning)
		log_warning("%s", warning);
}

/* --- hooks --- */

static int fail_deleted(const struct record *r, struct err *e)
{
	return fail(e, ERR_STATE, "container %s was deleted while its hooks ran", r->plan->id);
}

int record_run_hooks(struct record *r, const struct hook_place *place, pid_t init, struct err *e)
{
	const struct oci_state state = oci_state_of_plan(r->plan, "created", init);
	struct runtime_hooks hooks = {
		.kind = "prestart",
		.hooks = &r->plan->prestart,
		.state = &state,
		.dir = r->state,
		.intent = r->intent,
		.arena = r->arena,
	};
	int rc = runtime_hooks_run(&hooks, place, e);

	hooks.kind = "createRuntime";
	hooks.hooks = &r->plan->create_runtime;
	if (rc == 0)
		rc = runtime_hooks_run(&hooks, place, e);
	r->deleted = hooks.gone;
	if (!r->deleted)
		compare_networks(r, init);
	return r->deleted ? fail_deleted(r, e) : rc;
}

int record_wait_for_hooks(struct record *r, const struct boot_peer *peer, struct err *e)
{
	struct err unlocked;
	int rc;

	if (r->plan->create_container.n == 0)
		return 0;
	state_unlock(r->state);
	rc = peer_wait_word(peer, e);
	/* Also if its lock is not to be had in time: then it is that command's to end. */
	r->deleted = relock_after_hook(r->state, &unlocked) < 0;
	if (!r->deleted)
		compare_networks(r, peer->child.pid);
	return r->deleted ? fail_deleted(r, e) : rc;
}

/* Once for all, so that a path of the host is not looked up in the container. */
int open_hook_place(const struct plan *plan, const struct hook_files *files, struct hook_place *ret,
		    struct err *e)
{
	if (plan->prestart.n + plan->create_runtime.n + plan->create_container.n +
		    plan->start_container.n ==
	    0)
		return 0;
	return hook_place_open(plan->bundle, files, ret, e);
}
