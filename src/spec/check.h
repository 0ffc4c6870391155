/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the validate_*.c files share: a collector of failures, and the checks of single values that occur
 * in more than one place. No file outside spec/ includes this.
 */
#ifndef SPEC_CHECK_H
#define SPEC_CHECK_H

#include "base/json.h"
#include "spec/spec.h"

#define CHECK_PATH_MAX 4095 /* PATH_MAX without the NUL */

struct check {
	const char *source_name;
	const struct spec *spec; /* NULL: a part of one, whose text is not known */
	const char *at;          /* "linux.": stands before the name of every property */
	struct json_value *tree; /* of the spec's text, once something is wrong */
	struct arena arena;
	struct strbuf text; /* the failures so far, one a line */
	size_t left_out;    /* failures that did not fit into a struct err */
};

/* One failure: "NAME of the property: what is wrong with it". */
void check_fail(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Of the property that `name` begins with, or the nearest object around it (locate.c). */
const struct json_value *spec_find(const struct spec *spec, const struct json_value *root,
				   const char *name);

/* A value as it may stand in a message: in quotes, escaped, not longer than a line can bear. */
const char *check_quoted(struct check *c, const char *value);

/* The name of a property inside lists, for the functions below. */
const char *check_name(struct check *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Report to *e what has been collected and release it. */
int check_finish(struct check *c, struct err *e) MUST_CHECK;

void check_path(struct check *c, const char *name, const char *path);
void check_absolute_path(struct check *c, const char *name, const char *path);
void check_absolute_paths(struct check *c, const char *name, const struct strlist *list);
void check_environment(struct check *c, const char *name, const struct strlist *list);
void check_id_mappings(struct check *c, const char *name, const struct spec_id_mappings *maps);
/* "0-3,7" of numbers up to `largest`; an empty text is absent */
void check_number_list(struct check *c, const char *name, const char *text, uint32_t largest);
void check_interface_name(struct check *c, const char *name, const char *interface);
/* Sorts `keys` and reports each that occurs more than once. */
void check_unique(struct check *c, const char *name, size_t n, const char **keys);
/* A text that has to be a row of a table; true if it is, with the row's value. */
bool check_known(struct check *c, const char *name, const struct name_row *table, const char *text,
		 int64_t *ret);

bool check_has_component(const char *path, const char *component);

/* The parts, each with its own prefix in c->at. */
void check_process(struct check *c, const struct spec_process *process);
void check_linux(struct check *c, const struct spec *spec);
void check_resources(struct check *c, const struct spec_resources *resources);
void check_rdt(struct check *c, const struct spec_intel_rdt *rdt);
void check_seccomp(struct check *c, const struct spec_seccomp *seccomp);
void check_sysctls(struct check *c, const struct spec *spec);

#endif
