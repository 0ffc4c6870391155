/* SPDX-License-Identifier: Apache-2.0 */
/* See ports.h. Runs in the runtime. */
#include "forward/ports.h"

#include "base/auto.h"
#include "forward/decoy_name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALL "published"
/* As often another decoy of the port may end in between. */
#define TRIES 100

static const struct {
	uint8_t number;
	const char *name;
} protocols[] = { { IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" } };

static const char *protocol_of(const struct forward_port *port)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == port->protocol)
			return protocols[i].name;
	return NULL;
}

struct forward_port_name forward_port_name(const struct forward_port *port)
{
	struct forward_port_name ret;

	snprintf(ret.text, sizeof(ret.text), "%s-%u", protocol_of(port), port->port);
	return ret;
}

struct forward_port_name forward_port_text(const struct forward_port *port)
{
	struct forward_port_name ret;

	snprintf(ret.text, sizeof(ret.text), "%u/%s", port->port, protocol_of(port));
	return ret;
}

bool forward_port_has_name(uint8_t protocol)
{
	const struct forward_port any = { .protocol = protocol };

	return protocol_of(&any) != NULL;
}

static bool read_name(const char *name, struct forward_port *ret)
{
	uint32_t port;

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		size_t length = strlen(protocols[i].name);

		if (!str_has_prefix(name, protocols[i].name) || name[length] != '-' ||
		    !parse_u32(name + length + 1, &port) || port > UINT16_MAX)
			continue;
		*ret = (struct forward_port){ protocols[i].number, (uint16_t)port };
		return true;
	}
	return false;
}

struct forward_ports forward_ports_read(const struct strlist *names, struct arena *arena)
{
	struct forward_ports ret = { .v = arena_new_array(arena, struct forward_port, names->n) };

	for (size_t i = 0; i < names->n; i++)
		ret.n += read_name(names->v[i], &ret.v[ret.n]);
	return ret;
}

struct strlist forward_ports_names(const struct forward_ports *ports, struct arena *arena)
{
	struct strlist ret = { .n = ports->n, .v = arena_new_array(arena, char *, ports->n) };

	for (size_t i = 0; i < ports->n; i++)
		ret.v[i] = arena_strdup(arena, forward_port_name(&ports->v[i]).text);
	return ret;
}

/* The directory of a port, below that of the decoys. */
struct place {
	char text[64];
};
static struct place place_of(uint64_t network, const struct forward_port *port)
{
	struct place ret;

	snprintf(ret.text, sizeof(ret.text), ALL "/%016llx-%s", (unsigned long long)network,
		 forward_port_name(port).text);
	return ret;
}

static int make(int fd, const char *name, struct err *e)
{
	if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST && errno != ENOENT)
		return fail_sys(e, "make '%s' among the decoys", name);
	return 0;
}

/* Directories that are empty are removed by those who leave them. */
static int open_port(int directory, const char *place, const char *own, struct err *e)
{
	for (int tries = 0; tries < TRIES; tries++) {
		if (make(directory, ALL, e) < 0 || make(directory, place, e) < 0)
			return -1;
		autoclose int fd =
			openat(directory, place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		autoclose int file = -1;

		if (fd >= 0)
			file = openat(fd, own, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (file >= 0)
			return take_fd(&fd);
		if (errno != ENOENT)
			return fail_sys(e, "make '%s/%s' among the decoys", place, own);
	}
	return fail(e, ERR_SYSTEM, "'%s' among the decoys is made and removed again and again",
		    place);
}

static void add_clash(const struct forward_port *port, uint64_t decoy, struct arena *arena,
		      struct forward_clashes *ret)
{
	struct forward_clash *v = arena_new_array(arena, struct forward_clash, ret->n + 1);

	for (size_t i = 0; i < ret->n; i++)
		v[i] = ret->v[i];
	v[ret->n++] = (struct forward_clash){ *port, decoy };
	ret->v = v;
}

static int claim(int directory, uint64_t network, const struct decoy_name *own,
		 const struct forward_port *port, struct arena *arena, struct forward_clashes *ret,
		 struct err *e)
{
	const struct place place = place_of(network, port);
	autoclose int fd = open_port(directory, place.text, own->text, e);
	struct dirent *entry;
	struct stat st;
	DIR *entries;

	if (fd < 0)
		return -1;
	entries = fdopendir(fd);
	if (!entries)
		return fail_sys(e, "read '%s' among the decoys", place.text);
	(void)take_fd(&fd);
	while ((entry = readdir(entries))) {
		uint64_t other;

		if (!decoy_name_read(entry->d_name, &other) || str_eq(entry->d_name, own->text))
			continue;
		if (fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			add_clash(port, other, arena, ret);
		else
			(void)!unlinkat(dirfd(entries), entry->d_name, 0);
	}
	closedir(entries);
	return 0;
}

int forward_ports_claim(int directory, uint64_t network, uint64_t decoy,
			const struct forward_ports *ports, struct arena *arena,
			struct forward_clashes *ret, struct err *e)
{
	const struct decoy_name own = decoy_name(decoy);

	*ret = (struct forward_clashes){ 0 };
	for (size_t i = 0; i < ports->n; i++)
		if (claim(directory, network, &own, &ports->v[i], arena, ret, e) < 0)
			return -1;
	return 0;
}

void forward_ports_give_up(int directory, uint64_t network, uint64_t decoy,
			   const struct forward_ports *ports)
{
	const struct decoy_name own = decoy_name(decoy);

	for (size_t i = 0; i < ports->n; i++) {
		const struct place place = place_of(network, &ports->v[i]);
		char name[sizeof(place.text) + sizeof(own.text) + 1];

		snprintf(name, sizeof(name), "%s/%s", place.text, own.text);
		(void)!unlinkat(directory, name, 0);
		/* others may be in them */
		(void)!unlinkat(directory, place.text, AT_REMOVEDIR);
		(void)!unlinkat(directory, ALL, AT_REMOVEDIR);
	}
}
