/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state object of the specification. Pure.
 */
#include "model/oci_state.h"

static void put_optional(struct json_out *out, const char *key, const char *text)
{
	if (text)
		json_out_member_string(out, key, text);
}

void oci_state_members(const struct oci_state *state, struct json_out *out)
{
	const struct strmap *annotations = state->annotations;

	json_out_member_string(out, "ociVersion", state->oci_version);
	json_out_member_string(out, "id", state->id);
	json_out_member_string(out, "status", state->status);
	json_out_member_i64(out, "pid", state->pid);
	json_out_member_string(out, "bundle", state->bundle);
	put_optional(out, "rootfs", state->rootfs);
	put_optional(out, "created", state->created);
	if (annotations) {
		json_out_key(out, "annotations");
		json_out_object(out);
		for (size_t i = 0; i < annotations->n; i++)
			json_out_member_string(out, annotations->v[i].key, annotations->v[i].value);
		json_out_object_end(out);
	}
	put_optional(out, "owner", state->owner);
}

void oci_state_encode(const struct oci_state *state, struct json_out *out)
{
	json_out_object(out);
	oci_state_members(state, out);
	json_out_object_end(out);
}
