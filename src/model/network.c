/* SPDX-License-Identifier: Apache-2.0 */
/* See network.h. Pure. */
#include "model/network.h"

#include <stddef.h>

const struct name_row network_join_names[] = {
	{ "none", NETWORK_NONE }, { "early", NETWORK_EARLY }, { "late", NETWORK_LATE },
	{ "path", NETWORK_PATH }, { "new", NETWORK_NEW },     { NULL, 0 },
};

const struct name_row network_address_names[] = {
	{ "shared", ADDRESS_SHARED },
	{ "engine", ADDRESS_ENGINE },
	{ "pool", ADDRESS_POOL },
	{ NULL, 0 },
};
