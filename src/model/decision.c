/* SPDX-License-Identifier: Apache-2.0 */
/* See decision.h. Pure. */
#include "model/decision.h"

#include "base/auto.h"

const struct name_row decision_action_names[] = {
	{ "keep", DECISION_KEEP },
	{ "add", DECISION_ADD },
	{ "rewrite", DECISION_REWRITE },
	{ "drop", DECISION_DROP },
	{ "warn", DECISION_WARN },
	{ "refuse", DECISION_REFUSE },
	{ NULL, 0 },
};

static const struct field decision_rows[] = {
	FIELD(struct decision, STRING, rule, "rule", FIELD_REQUIRED),
	FIELD_ENUM_ROW(struct decision, action, "action", FIELD_REQUIRED, decision_action_names),
	FIELD(struct decision, STRING, path, "path", 0),
	FIELD(struct decision, STRING, before, "before", 0),
	FIELD(struct decision, STRING, after, "after", 0),
	FIELD(struct decision, STRING, why, "why", 0),
	FIELD(struct decision, OPT_U32, line, "line", 0),
	FIELD(struct decision, OPT_U32, column, "column", 0),
};
const struct fields decision_fields = FIELDS("struct decision", struct decision, decision_rows, 0);
