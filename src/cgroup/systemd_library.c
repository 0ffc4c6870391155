/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See systemd_library.h. Runs in the runtime, never in a container's process and in no namespace of a
 * container: what is loaded is the host's.
 */
#include "cgroup/systemd_library.h"

#include "base/auto.h"

#ifdef HAVE_SYSTEMD
#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define LIBRARY "libsystemd.so.0"
#define ROW(name)                                                   \
	{                                                           \
		"sd_" #name, offsetof(struct systemd_library, name) \
	}

static const struct {
	const char *symbol;
	size_t offset;
} rows[] = {
	ROW(bus_new),
	ROW(bus_set_address),
	ROW(bus_set_bus_client),
	ROW(bus_start),
	ROW(bus_is_ready),
	ROW(bus_close),
	ROW(bus_unref),
	ROW(bus_add_match),
	ROW(bus_call),
	ROW(bus_process),
	ROW(bus_wait),
	ROW(bus_error_free),
	ROW(bus_message_new_method_call),
	ROW(bus_message_append_basic),
	ROW(bus_message_open_container),
	ROW(bus_message_close_container),
	ROW(bus_message_enter_container),
	ROW(bus_message_read_basic),
	ROW(bus_message_unref),
};

int systemd_library(const struct systemd_library **ret, struct err *e)
{
	static struct systemd_library library;
	static bool loaded;
	void *handle = loaded ? NULL : dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!loaded && !handle)
		return fail(e, ERR_CONFIG, "the systemd cgroup manager needs " LIBRARY ": %s",
			    dlerror());
	for (size_t i = 0; i < ARRAY_SIZE(rows) && !loaded; i++) {
		void *address = dlsym(handle, rows[i].symbol);
		if (!address)
			return fail(e, ERR_CONFIG,
				    "the systemd cgroup manager needs '%s' of " LIBRARY ": %s",
				    rows[i].symbol, dlerror());
		memcpy((char *)&library + rows[i].offset, &address, sizeof(address));
	}
	loaded = true;
	*ret = &library;
	return 0;
}
#else
int systemd_library(const struct systemd_library **ret, struct err *e)
{
	(void)ret;
	return fail(
		e, ERR_CONFIG,
		"the systemd cgroup manager is not available: this program was built without it");
}
#endif
