/* SPDX-License-Identifier: Apache-2.0 */
/* See confinement.h. Pure. */
#include "model/confinement.h"

#include "base/auto.h"
#include "base/capabilities.h"

const struct name_row network_lock_names[] = {
	{ "open", LOCK_OPEN },
	{ "strict", LOCK_STRICT },
	{ NULL, 0 },
};
const struct name_row peer_descriptor_names[] = {
	{ "refused", PEERS_REFUSED },
	{ "open", PEERS_OPEN },
	{ NULL, 0 },
};

static const struct field confinement_rows[] = {
	FIELD_ENUM_ROW(struct confinement, lock, "lock", 0, network_lock_names),
	FIELD_ENUM_ROW(struct confinement, peer_descriptors, "peerDescriptors", 0,
		       peer_descriptor_names),
	FIELD_ENUMLIST_ROW(struct confinement, denied, "denied", 0, cap_mask_names),
};
const struct fields confinement_fields =
	FIELDS("struct confinement", struct confinement, confinement_rows, 0);

const struct confinement confinement_open = { .lock = LOCK_OPEN, .peer_descriptors = PEERS_OPEN };

const char *confinement_lock_key(const struct confinement *confinement)
{
	return confinement->lock_key ? confinement->lock_key : "network.lock";
}

const char *confinement_filter_keys(const struct confinement *confinement)
{
	if (confinement->filter_keys)
		return confinement->filter_keys;
	if (confinement->lock != LOCK_STRICT)
		return confinement->peer_descriptors == PEERS_REFUSED ? "network.peerDescriptors"
								      : NULL;
	return confinement->peer_descriptors == PEERS_REFUSED
		       ? "network.lock and network.peerDescriptors"
		       : "network.lock";
}
