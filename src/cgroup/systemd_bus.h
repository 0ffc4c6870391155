/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to a manager of systemd: method calls of its "Manager" object, and waiting for jobs.
 * org.freedesktop.systemd1(5). Private to cgroup/. */
#ifndef CGROUP_SYSTEMD_BUS_H
#define CGROUP_SYSTEMD_BUS_H

#include "cgroup/systemd_library.h"
#include "plan/systemd.h"

struct systemd_bus {
	const struct systemd_library *library;
	struct sd_bus *connection;
	bool daemon;  /* a bus; else systemd itself */
	bool listens; /* for the end of jobs */
	/* the last job that ended and its result; awaited by its path */
	char *awaited;
	char result[32];
	bool ended;
};
#define SYSTEMD_BUS_INIT           \
	{                          \
		.connection = NULL \
	}
void systemd_bus_release(struct systemd_bus *bus);
#define autobus __attribute__((cleanup(systemd_bus_release))) struct systemd_bus

/* ERR_CONFIG if no systemd runs, or none of the user. */
int systemd_bus_open(bool user, struct systemd_bus *ret, struct err *e) MUST_CHECK;

/* A call that is being put together; the texts of an error stay in it. */
struct systemd_call {
	struct systemd_bus *bus;
	const char *method;
	struct sd_bus_message *message, *reply;
	struct systemd_error error;
	int code; /* the first failure while it was put together, -errno */
};
void systemd_call_release(struct systemd_call *call);
#define autocall __attribute__((cleanup(systemd_call_release))) struct systemd_call

void systemd_call_start(struct systemd_bus *bus, const char *method, struct systemd_call *ret);
void systemd_call_text(struct systemd_call *call, const char *text);
void systemd_call_number(struct systemd_call *call, int32_t number);
void systemd_call_flag(struct systemd_call *call, bool flag);
/* "a(sv)"; `pid` becomes the property PIDs unless it is 0. The numbers in `left_out` are skipped. */
void systemd_call_properties(struct systemd_call *call, const struct plan_properties *properties,
			     const bool *left_out, pid_t pid);
void systemd_call_no_units(struct systemd_call *call); /* an empty "a(sa(sv))" */

/* Send it and wait for the answer. ERR_SYSTEM with systemd's text. */
int systemd_call_send(struct systemd_call *call, struct err *e) MUST_CHECK;
/* The same where the answer is a job, and wait until that has ended. */
int systemd_call_send_job(struct systemd_call *call, struct err *e) MUST_CHECK;

/* A text property of a unit. ERR_NOT_FOUND if there is no such unit. */
int systemd_unit_text(struct systemd_bus *bus, const char *unit, const char *property,
		      struct arena *arena, const char **ret, struct err *e) MUST_CHECK;

/* Whether the call failed with this error of systemd: "UnitExists". */
bool systemd_call_failed_with(const struct systemd_call *call, const char *name);

#endif
