/* SPDX-License-Identifier: Apache-2.0 */
/* `policy test`: what another policy file would decide, as a difference to the policy in force. */
#ifndef CLI_POLICY_DIFF_H
#define CLI_POLICY_DIFF_H

#include "cli/cli.h"

/* 0: the same; 2: something differs; 3: something is newly refused. */
int run_policy_test(const struct cli_call *call, struct err *e);

#endif
