/* SPDX-License-Identifier: Apache-2.0 */
/* See claims.h. Runs in the runtime. */
#include "forward/claims.h"

#include "base/auto.h"
#include "forward/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALL "addresses"
#define ABOVE "../"

int claims_open(const char *directory, uint64_t network, bool create, struct decoy_place *place,
		struct err *e)
{
	char path[PATH_MAX];
	int rc;

	if (!directory)
		return 0;
	if (str_format(path, sizeof(path), e, "%s/" ALL, directory) < 0)
		return -1;
	/* a lock that others could take would stop all */
	if (create && mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail_sys(e, "make '%s'", path);
	rc = decoy_place_open(path, network, create, place, e);
	place->directory = directory;
	return rc;
}

/* "10.88.0.0-16@bridge7" */
struct subnet {
	struct route_address address;
	uint32_t bits;
	char text[64];
};

static struct subnet subnet_of(const struct own_address *own)
{
	struct subnet ret = { .address = own->address, .bits = own->prefix };

	for (unsigned i = own->prefix; i < own->address.size * 8u; i++)
		ret.address.bytes[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
	snprintf(ret.text, sizeof(ret.text), "%s-%u@%.*s", route_address_text(&ret.address).text,
		 own->prefix, 10, own->network.text);
	return ret;
}

static bool read_subnet(const char *name, struct subnet *ret)
{
	char *bits;

	snprintf(ret->text, sizeof(ret->text), "%s", name);
	ret->text[strcspn(ret->text, "@")] = 0;
	bits = strchr(ret->text, '-');
	if (!bits)
		return false;
	*bits++ = 0;
	return route_address_read(ret->text, &ret->address) && parse_u32(bits, &ret->bits) &&
	       ret->bits <= ret->address.size * 8u;
}

static bool do_meet(const struct subnet *one, const struct subnet *other)
{
	return route_starts_as(&one->address, &other->address,
			       one->bits < other->bits ? one->bits : other->bits);
}

/* 0: the one that had it is gone, and it is removed. */
static uint64_t owner(const struct decoy_place *place, int fd, const char *address)
{
	char text[32] = "", above[sizeof(ABOVE) + sizeof(text)];
	struct stat st;
	uint64_t ret;

	if (readlinkat(fd, address, text, sizeof(text) - 1) >= 0 && decoy_name_read(text, &ret)) {
		snprintf(above, sizeof(above), ABOVE "%s", text);
		if (fstatat(place->all, above, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return ret;
	}
	(void)!unlinkat(fd, address, 0);
	return 0;
}

/* Of an open directory, which it takes over; NULL: it is not open, or cannot be listed. */
static DIR *list(int fd)
{
	DIR *ret = fd < 0 ? NULL : fdopendir(fd);

	if (!ret)
		close_keep_errno(fd);
	return ret;
}

static int open_subnet(const struct decoy_place *place, const char *name)
{
	return openat(place->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Any decoy that has an address among those; 0: none has, and they are forgotten. */
static uint64_t any_owner(const struct decoy_place *place, const char *name)
{
	autoclosedir DIR *entries = list(open_subnet(place, name));
	struct dirent *entry;
	uint64_t ret = 0;

	if (!entries)
		return 0;
	while (ret == 0 && (entry = readdir(entries)))
		if (entry->d_name[0] != '.')
			ret = owner(place, dirfd(entries), entry->d_name);
	if (ret == 0)
		(void)!unlinkat(place->fd, name, AT_REMOVEDIR);
	return ret;
}

static bool each_subnet(const struct decoy_place *place, bool (*each)(const char *, void *),
			void *context)
{
	autoclosedir DIR *entries =
		list(openat(place->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *entry;
	bool ret = false;

	while (entries && !ret && (entry = readdir(entries)))
		ret = entry->d_name[0] != '.' && each(entry->d_name, context);
	return ret;
}

struct meeting {
	const struct decoy_place *place;
	uint64_t decoy;
	struct subnet own;
	struct claim_taken *taken;
};

/* One and the same network of an engine does not meet itself. */
static bool meets(const char *name, void *context)
{
	struct meeting *meeting = context;
	struct subnet other;
	uint64_t decoy;

	if (str_eq(name, meeting->own.text) || !read_subnet(name, &other) ||
	    !do_meet(&meeting->own, &other))
		return false;
	decoy = any_owner(meeting->place, name);
	/* a decoy's own link may be elsewhere by now */
	if (decoy == 0 || decoy == meeting->decoy)
		return false;
	meeting->taken->decoy = decoy;
	snprintf(meeting->taken->own, sizeof(meeting->taken->own), "%.45s/%u",
		 route_address_text(&meeting->own.address).text, meeting->own.bits);
	snprintf(meeting->taken->other, sizeof(meeting->taken->other), "%.45s/%u",
		 route_address_text(&other.address).text, other.bits);
	return true;
}

/* 1: it is the decoy's; NEW: since now. */
#define NEW 2

static int take(const struct decoy_place *place, uint64_t decoy, const struct own_address *own,
		struct claim_taken *ret, struct err *e)
{
	const struct decoy_name name = decoy_name(decoy);
	const struct route_address_text address = route_address_text(&own->address);
	struct meeting meeting = { place, decoy, subnet_of(own), ret };
	autoclose int fd = -1;
	uint64_t other;

	if (each_subnet(place, meets, &meeting))
		return 0;
	if (mkdirat(place->fd, meeting.own.text, 0755) < 0 && errno != EEXIST)
		return fail_sys(e, "make '%s' among the addresses", meeting.own.text);
	fd = open_subnet(place, meeting.own.text);
	if (fd < 0)
		return fail_sys(e, "open '%s' among the addresses", meeting.own.text);
	for (int tries = 0; tries < 2; tries++) {
		if (symlinkat(name.text, fd, address.text) == 0)
			return NEW;
		if (errno != EEXIST)
			return fail_sys(e, "write down address %s", address.text);
		other = owner(place, fd, address.text);
		if (other == decoy)
			return 1;
		if (other == 0)
			continue;
		ret->decoy = other;
		snprintf(ret->own, sizeof(ret->own), "%s", address.text);
		snprintf(ret->other, sizeof(ret->other), "%s", address.text);
		return 0;
	}
	return fail(e, ERR_SYSTEM, "write down address %s: it comes and goes", address.text);
}

struct giving_up {
	const struct decoy_place *place;
	const struct decoy_name name;
	const struct strlist *addresses;
};

static void give_up_one(int fd, const char *address, const struct decoy_name *decoy)
{
	char text[32] = "";

	if (readlinkat(fd, address, text, sizeof(text) - 1) > 0 && str_eq(text, decoy->text))
		(void)!unlinkat(fd, address, 0);
}

static bool give_up(const char *name, void *context)
{
	const struct giving_up *giving_up = context;
	autoclosedir DIR *entries = list(open_subnet(giving_up->place, name));
	const struct strlist *addresses = giving_up->addresses;
	struct dirent *entry;

	for (size_t i = 0; entries && addresses && i < addresses->n; i++)
		give_up_one(dirfd(entries), addresses->v[i], &giving_up->name);
	while (entries && !addresses && (entry = readdir(entries)))
		give_up_one(dirfd(entries), entry->d_name, &giving_up->name);
	(void)!unlinkat(giving_up->place->fd, name, AT_REMOVEDIR);
	return false;
}

void claims_give_up(const struct decoy_place *place, uint64_t decoy,
		    const struct strlist *addresses)
{
	struct giving_up giving_up = { place, decoy_name(decoy), addresses };

	(void)each_subnet(place, give_up, &giving_up);
	/* others may be in them */
	if (unlinkat(place->all, place->name.text, AT_REMOVEDIR) == 0)
		(void)!unlinkat(place->all, ABOVE ALL, AT_REMOVEDIR);
}

int claims_end(const char *directory, uint64_t network, uint64_t decoy,
	       const struct strlist *addresses, struct err *e)
{
	autodecoyplace place = DECOY_PLACE_INIT;
	int rc = !addresses || addresses->n ? claims_open(directory, network, false, &place, e) : 0;

	if (rc > 0)
		claims_give_up(&place, decoy, addresses);
	return rc < 0 ? -1 : 0;
}

int claims_take(const struct decoy_place *place, uint64_t decoy, const struct own_addresses *own,
		struct claim_taken *ret, struct err *e)
{
	struct route_address_text texts[ARRAY_SIZE(own->v)];
	char *taken[ARRAY_SIZE(own->v)];
	struct strlist new = { .v = taken };

	for (size_t i = 0; i < own->n; i++) {
		int rc = take(place, decoy, &own->v[i], ret, e);

		if (rc <= 0) {
			ret->alone = own->v[i].network.text[0] == OWN_ALONE;
			claims_give_up(place, decoy, &new);
			return rc;
		}
		if (rc == NEW) {
			texts[new.n] = route_address_text(&own->v[i].address);
			taken[new.n] = texts[new.n].text;
			new.n++;
		}
	}
	return 1;
}
