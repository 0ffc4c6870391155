/* SPDX-License-Identifier: Apache-2.0 */
/* What the values of keys must keep to, one each. Pure. */
#ifndef POLICY_VALUES_H
#define POLICY_VALUES_H

#include "base/fields_check.h"

extern const struct field_check network_check, sysctls_check, file_choice_check, user_check,
	bytes_check, percent_check, parent_check, seconds_check, share_source_check,
	share_destination_check, share_check, capabilities_check, range_check, paths_check,
	places_check, audit_check, pool4_check, pool6_check, pool_check;

#endif
