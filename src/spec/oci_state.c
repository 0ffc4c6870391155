/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state object of the specification. Pure.
 */
#include "spec/oci_state.h"

void oci_state_encode(const struct oci_state *state, struct json_out *out)
{
	json_out_object(out);
	json_out_member_string(out, "ociVersion", state->oci_version);
	json_out_member_string(out, "id", state->id);
	json_out_member_string(out, "status", state->status);
	json_out_member_i64(out, "pid", state->pid);
	json_out_member_string(out, "bundle", state->bundle);
	json_out_key(out, "annotations");
	json_out_object(out);
	for (size_t i = 0; state->annotations && i < state->annotations->n; i++)
		json_out_member_string(out, state->annotations->v[i].key,
				       state->annotations->v[i].value);
	json_out_object_end(out);
	json_out_object_end(out);
}
