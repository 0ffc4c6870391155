/* SPDX-License-Identifier: Apache-2.0 */
/* Rules by nft(8), in the network namespace that the caller is in. */
#ifndef FORWARD_NFT_H
#define FORWARD_NFT_H

#include "forward/forward.h"

int nft_load(const char *program, const struct forward_rules *rules, struct err *e) MUST_CHECK;

#endif
