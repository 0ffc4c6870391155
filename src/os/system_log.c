/* SPDX-License-Identifier: Apache-2.0 */
/* See system_log.h. Runs in every process. */
#include "os/system_log.h"

#include "base/auto.h"

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define SYSLOG_SOCKET "/dev/log"
#define JOURNALD_SOCKET "/run/systemd/journal/socket"

static int connect_socket(const char *path, const char *what, struct err *e)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return fail_sys(e, "make a socket for %s", what);
	if (str_format(address.sun_path, sizeof(address.sun_path), e, "%s", path) < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return fail_sys(e, "connect to %s at '%s'", what, path);
	return take_fd(&fd);
}

int syslog_connect(struct err *e)
{
	return connect_socket(SYSLOG_SOCKET, "syslog", e);
}

int journal_connect(struct err *e)
{
	return connect_socket(JOURNALD_SOCKET, "journald", e);
}

/* systemd's "Native Journal Protocol": NAME=value, or, where the value has several lines, NAME, its
 * length in 64 bits little endian, and the value. */
void journal_put(struct strbuf *b, const char *name, const char *value)
{
	uint64_t length = strlen(value);

	strbuf_puts(b, name);
	if (!strchr(value, '\n')) {
		strbuf_printf(b, "=%s\n", value);
		return;
	}
	strbuf_putc(b, '\n');
	for (unsigned byte = 0; byte < 8; byte++)
		strbuf_putc(b, (char)(length >> (8 * byte) & 0xff));
	strbuf_add(b, value, length);
	strbuf_putc(b, '\n');
}
