/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a container runs or is being made, for who has only its name. */
#include "state/state.h"

bool state_is_living(const char *root, const char *id)
{
	autostatedir dir = STATE_DIR_INIT;
	autoarena arena = { 0 };
	struct status_record *status;
	struct intent_record *intent;
	struct err e;

	if (state_open(root, id, false, &dir, &e) < 0)
		return e.kind != ERR_NOT_FOUND;
	if (state_read_status(&dir, &arena, &status, &e) < 0 ||
	    state_read_intent(&dir, &arena, &intent, &e) < 0)
		return true;
	if (status && process_may_run(&status->init))
		return true;
	return (!status || status->phase == PHASE_CREATING) && intent &&
	       process_may_run(&intent->owner);
}
