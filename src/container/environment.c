/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtime's environment says for the container's program. Runs in the runtime.
 */
#include "container/environment.h"

#include "state/state.h"

#include <stdlib.h>
#include <unistd.h>

/* As many as a service manager could pass (NR_OPEN of the kernel's default is far above). */
#define LISTEN_FDS_MAX 65536
#define VARIABLES_MAX 4

/* A service manager names the runtime's pid, an engine perhaps the one that the program will have; runc and crun look at
 * neither. Those of another process are not meant. */
static bool are_for_us(const char *pid)
{
	uint32_t value;

	return !pid || (parse_u32(pid, &value) && (value == 1 || (pid_t)value == getpid()));
}

static unsigned listen_fds(void)
{
	const char *count = getenv("LISTEN_FDS");
	uint32_t value;

	if (!count || !are_for_us(getenv("LISTEN_PID")))
		return 0;
	return parse_u32(count, &value) && value <= LISTEN_FDS_MAX ? value : 0;
}

static void add(struct arena *arena, struct inherited *ret, const char *name, const char *value)
{
	ret->environment.v[ret->environment.n++] = arena_printf(arena, "%s=%s", name, value);
}

void inherit_sockets(struct arena *arena, struct inherited *ret)
{
	const char *names = getenv("LISTEN_FDNAMES");

	*ret = (struct inherited){ .listen_fds = listen_fds() };
	ret->environment.v = arena_new_array(arena, char *, VARIABLES_MAX);
	if (ret->listen_fds) {
		add(arena, ret, "LISTEN_FDS", arena_printf(arena, "%u", ret->listen_fds));
		/* the program is the first process of its PID namespace; exec knows better, later */
		add(arena, ret, "LISTEN_PID", "1");
		if (names)
			add(arena, ret, "LISTEN_FDNAMES", names);
	}
}

void inherit(struct arena *arena, struct inherited *ret)
{
	const char *notify = getenv("NOTIFY_SOCKET");

	inherit_sockets(arena, ret);
	if (!str_empty(notify)) {
		ret->notify_socket = arena_strdup(arena, notify);
		add(arena, ret, "NOTIFY_SOCKET", NOTIFY_DIRECTORY_INSIDE "/" STATE_NOTIFY_SOCKET);
	}
}
