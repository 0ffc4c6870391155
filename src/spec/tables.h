/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The field tables that are used from more than one file of spec/. No other room includes this.
 */
#ifndef SPEC_TABLES_H
#define SPEC_TABLES_H

#include "spec/spec.h"

extern const struct fields spec_id_mapping_fields;
extern const struct fields spec_mount_fields;
extern const struct fields spec_linux_fields;

#endif
