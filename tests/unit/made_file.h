/* SPDX-License-Identifier: Apache-2.0 */
/* What criu has made, as the file of a case: {"processes": [{"pid": 1, "capabilities": 4096}]} */
#ifndef TESTS_MADE_FILE_H
#define TESTS_MADE_FILE_H

#include "model/facts.h"

struct made_file {
	struct made_facts processes;
};

static const struct field made_process_rows[] = {
	FIELD(struct made_process, I64, pid, "pid", FIELD_REQUIRED),
	FIELD(struct made_process, U64, capabilities, "capabilities", 0),
	FIELD(struct made_process, BOOL, own_user, "ownUser", 0),
};
static const struct fields made_process_fields =
	FIELDS("struct made_process", struct made_process, made_process_rows, FIELDS_CLOSED);
static const struct field made_rows[] = {
	FIELD_LIST_ROW(struct made_file, processes, struct made_process, "processes", 0,
		       &made_process_fields),
};
static const struct fields made_fields =
	FIELDS("made.json", struct made_file, made_rows, FIELDS_CLOSED);

#endif
