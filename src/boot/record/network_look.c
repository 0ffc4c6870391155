/* SPDX-License-Identifier: Apache-2.0 */
/* See network_look.h. Runs in the runtime, but for the look itself. */
#include "boot/record/network_look.h"

#include "base/auto.h"
#include "forward/forward.h"
#include "os/log.h"
#include "sys/helper.h"
#include "sys/netlink.h"
#include "sys/nsfd.h"

#include <arpa/inet.h>
#include <sched.h>
#include <string.h>

/* What a network of many thousand links and addresses takes. */
#define LOOK_MAX (1u << 20)
/* Between the two lists; no link has this number. */
#define END_OF_LINKS "0"

/* --- the look --- */

static void put_address(const struct link_address *address, struct strbuf *out)
{
	char text[INET6_ADDRSTRLEN];
	const void *bytes = address->has_local ? address->local : address->address;

	if (inet_ntop(address->family, bytes, text, sizeof(text)))
		strbuf_printf(out, "%s/%u\n", text, address->prefix);
}

/* In a process of its own, which may be able to enter a network and not to come back. */
static int look_from_inside(void *context, struct strbuf *answer, struct err *e)
{
	const int *network = context;
	struct link_addresses addresses;
	autoarena arena = { 0 };
	autoclose int fd = -1;

	if (nsfd_enter(*network, CLONE_NEWNET, NULL, e) < 0)
		return -1;
	fd = netlink_open(e);
	if (fd < 0 || netlink_links(fd, answer, e) < 0 ||
	    netlink_addresses(fd, 0, &arena, &addresses, e) < 0)
		return -1;
	strbuf_puts(answer, END_OF_LINKS "\n");
	for (size_t i = 0; i < addresses.n; i++)
		put_address(&addresses.v[i], answer);
	return 0;
}

/* "NUMBER STATE NAME" */
static const char *after_blank(const char *text)
{
	const char *blank = strchr(text, ' ');

	return blank ? blank + 1 : text;
}
static const char *name_of(const char *link)
{
	return after_blank(after_blank(link));
}

/* What leads to containers comes and goes with them, while hooks run as at any time. */
static bool is_forwarding(const struct network_look *look, const struct strlist *list,
			  const char *line)
{
	return list == &look->links ? forward_is_link(name_of(line)) : forward_is_address(line);
}

static void read_answer(char *text, struct arena *arena, struct network_look *look)
{
	struct strlist *list = &look->links;
	size_t lines = 0;
	char *line;

	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	look->links.v = arena_new_array(arena, char *, lines);
	look->addresses.v = arena_new_array(arena, char *, lines);
	while ((line = strsep(&text, "\n")) && *line)
		if (str_eq(line, END_OF_LINKS))
			list = &look->addresses;
		else if (!is_forwarding(look, list, line))
			list->v[list->n++] = arena_strdup(arena, line);
}

void network_look_take(struct network_look *look, int network, pid_t init, struct arena *arena)
{
	const struct helper_job job = {
		.name = "a look at the links of the shared network",
		.work = look_from_inside,
		.context = &network,
	};
	autofree char *text = NULL;
	struct err unread;
	size_t length;

	*look = (struct network_look){ .known = false };
	if (network < 0 || (init && stat(ns_path(init, "net").text, &look->namespace_) < 0))
		return;
	if (helper_run(&job, LOOK_MAX, &text, &length, &unread) < 0) {
		log_debug("%s", unread.text);
		return;
	}
	read_answer(text, arena, look);
	look->known = true;
}

/* --- the comparison --- */

static const char *same_number(const struct strlist *links, const char *link)
{
	size_t length = (size_t)(after_blank(link) - link);

	for (size_t i = 0; i < links->n; i++)
		if (strncmp(links->v[i], link, length) == 0)
			return links->v[i];
	return NULL;
}

static void put(struct strbuf *out, const char *name, const char *what, const char *more)
{
	strbuf_printf(out, "%s%s %s%s", out->length ? ", " : "", name, what, more);
}

static void compare_link(const char *before, const char *after, struct strbuf *out)
{
	const char *name = name_of(before);

	if (!after) {
		put(out, name, "is gone", "");
		return;
	}
	if (!str_eq(name, name_of(after)))
		put(out, name, "is called ", name_of(after));
	if (after_blank(before)[0] != after_blank(after)[0])
		put(out, name_of(after), "is ",
		    str_has_prefix(after_blank(after), "up ") ? "up" : "down");
}

static void put_missing(const struct strlist *from, const struct strlist *in, const char *what,
			struct strbuf *out)
{
	for (size_t i = 0; i < from->n; i++)
		if (!strlist_has(in, from->v[i]))
			put(out, from->v[i], what, "");
}

void network_look_compare(const struct network_look *before, const struct network_look *after,
			  struct strbuf *out)
{
	if (!before->known || !after->known)
		return;
	if (!ns_is_same(&before->namespace_, &after->namespace_))
		put(out, "the first process", "came into another network", "");
	for (size_t i = 0; i < before->links.n; i++)
		compare_link(before->links.v[i], same_number(&after->links, before->links.v[i]),
			     out);
	for (size_t i = 0; i < after->links.n; i++)
		if (!same_number(&before->links, after->links.v[i]))
			put(out, name_of(after->links.v[i]), "is new", "");
	put_missing(&after->addresses, &before->addresses, "is new", out);
	put_missing(&before->addresses, &after->addresses, "is gone", out);
}
