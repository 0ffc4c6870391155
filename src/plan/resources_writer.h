/* SPDX-License-Identifier: Apache-2.0 */
/* What the files share that turn resources into writes. Private to plan/. Pure. */
#ifndef PLAN_RESOURCES_WRITER_H
#define PLAN_RESOURCES_WRITER_H

#include "plan/resources.h"

struct resources_writer {
	const struct resources_request *request;
	struct arena *arena;
	struct plan_cgroup *cgroup;
	int tolerated; /* of the next writes */
};

/* One property on one version of cgroups; file NULL: it is not to be had there. The other file is what
 * kernels call it that have another I/O scheduler. */
struct resources_form {
	const char *file, *value, *other_file, *other_value;
};
#define FORM(file_, value_) ((struct resources_form){ .file = (file_), .value = (value_) })
#define FORM_OR(file_, value_, other_file_, other_value_)      \
	((struct resources_form){ .file = (file_),             \
				  .value = (value_),           \
				  .other_file = (other_file_), \
				  .other_value = (other_value_) })
#define NO_FORM ((struct resources_form){ .file = NULL })

void plan_write_add(struct plan_cgroup_writes *writes, const struct plan_cgroup_write *write,
		    struct arena *arena);

/* In hybrid a controller is in one hierarchy only, v1 or v2. NULL: nowhere. */
const struct cgroup_hierarchy_facts *resources_hierarchy(const struct resources_writer *w,
							 const char *controller);

/* as_is: it asks for nothing that is not so without the controller. */
int resources_put(struct resources_writer *w, const char *controller, const char *field, bool as_is,
		  struct resources_form v1, struct resources_form v2, struct err *e) MUST_CHECK;

/* A negative number is `unlimited`. */
const char *resources_i64(struct resources_writer *w, int64_t value, const char *unlimited);
const char *resources_u64(struct resources_writer *w, uint64_t value);

int resources_block_io(struct resources_writer *w, struct err *e) MUST_CHECK;
int resources_unified(struct resources_writer *w, struct err *e) MUST_CHECK;

#endif
