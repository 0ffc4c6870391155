/* SPDX-License-Identifier: Apache-2.0 */
/* See state.h. */
#include "plan/state.h"

struct oci_state oci_state_of_plan(const struct plan *plan, const char *status, pid_t pid)
{
	return (struct oci_state){
		.oci_version = plan->oci_version,
		.id = plan->id,
		.status = status,
		.bundle = plan->bundle,
		.pid = pid,
		.annotations = &plan->annotations,
	};
}
