/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libsystemd, loaded by the first call that needs it: most containers are made without, and linked it would
 * take more time than all else of a start. Its interface sd-bus(3) is stable; all of it is there since version 237; what is
 * needed of it is declared here, so that building takes no headers of it. Private to cgroup/.
 */
#ifndef CGROUP_SYSTEMD_LIBRARY_H
#define CGROUP_SYSTEMD_LIBRARY_H

#include "base/err.h"

#include <stdint.h>

struct sd_bus;
struct sd_bus_message;
struct sd_bus_slot;

/* sd_bus_error */
struct systemd_error {
	const char *name, *message;
	int need_free;
};
#define SYSTEMD_ERROR_INIT \
	{                  \
		.name = 0  \
	}

typedef int (*systemd_handler)(struct sd_bus_message *, void *, struct systemd_error *);

/* The functions under their own names, without "sd_". All give -errno. */
struct systemd_library {
	int (*bus_new)(struct sd_bus **);
	int (*bus_set_address)(struct sd_bus *, const char *);
	int (*bus_set_bus_client)(struct sd_bus *, int);
	int (*bus_start)(struct sd_bus *);
	int (*bus_is_ready)(struct sd_bus *);
	void (*bus_close)(struct sd_bus *);
	struct sd_bus *(*bus_unref)(struct sd_bus *);
	int (*bus_add_match)(struct sd_bus *, struct sd_bus_slot **, const char *, systemd_handler,
			     void *);
	int (*bus_call)(struct sd_bus *, struct sd_bus_message *, uint64_t, struct systemd_error *,
			struct sd_bus_message **);
	int (*bus_process)(struct sd_bus *, struct sd_bus_message **);
	int (*bus_wait)(struct sd_bus *, uint64_t);
	void (*bus_error_free)(struct systemd_error *);
	int (*bus_message_new_method_call)(struct sd_bus *, struct sd_bus_message **, const char *,
					   const char *, const char *, const char *);
	int (*bus_message_append_basic)(struct sd_bus_message *, char, const void *);
	int (*bus_message_open_container)(struct sd_bus_message *, char, const char *);
	int (*bus_message_close_container)(struct sd_bus_message *);
	int (*bus_message_enter_container)(struct sd_bus_message *, char, const char *);
	int (*bus_message_read_basic)(struct sd_bus_message *, char, void *);
	struct sd_bus_message *(*bus_message_unref)(struct sd_bus_message *);
};

/* Loaded once. ERR_CONFIG if it is not there or this program was built without. */
int systemd_library(const struct systemd_library **ret, struct err *e) MUST_CHECK;

#endif
