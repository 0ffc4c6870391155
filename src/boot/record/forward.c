/* SPDX-License-Identifier: Apache-2.0 */
/* See forward.h. */
#include "boot/record/forward.h"

#include "base/auto.h"
#include "forward/members.h"
#include "os/io.h"
#include "os/log.h"
#include "policy/policy.h"
#include "policy/resolver.h"
#include "sys/caller.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX (64u * 1024)

/* The same file: it is mounted in the container. */
static int write_names(const struct state_dir *dir, const struct forward_record *record,
		       unsigned pair, struct err *e)
{
	const struct forward_addresses at = forward_addresses(pair);
	autostrbuf text = { 0 };
	autoclose int fd = -1;

	strbuf_printf(&text, "nameserver %s\n%s",
		      strchr(record->nameserver, ':') ? at.decoy6 : at.decoy4,
		      record->resolv_conf ? record->resolv_conf : "");
	fd = openat(dir->fd, STATE_RESOLV_CONF, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail_sys(e, "open '" STATE_RESOLV_CONF "' beside the records");
	return write_fd_all(fd, STATE_RESOLV_CONF, text.text, text.length, e);
}

/* What the engine has written into its file meanwhile. What cannot be read names no resolver. */
static void read_names(struct forward_record *record, struct arena *arena)
{
	static const struct resolver_names nothing;
	struct resolver_facts texts = { 0 };
	autofree char *text = NULL;
	struct err unread;
	size_t length;

	if (!record->source)
		return;
	if (read_file_at(AT_FDCWD, record->source, TEXT_MAX, &text, &length, &unread) < 0) {
		log_debug("%s", unread.text);
		return;
	}
	texts.engine = text;
	record->nameserver =
		resolver_of_engine(&texts, NULL, &nothing, arena, &record->resolv_conf);
}

/* As forward_join(): *ret_done false where there is nothing to be done. */
static int join(const struct state_dir *dir, const struct status_record *status, int decoy,
		int network, struct arena *arena, bool *ret_done, unsigned *ret_pair, struct err *e)
{
	const struct forward_record *record = status->forward;
	const char *directory = forward_directory(caller_is_rootless(), arena);
	const struct forward_network shared = { status->network_path, status->network_cookie };
	const struct forward_member member = { dir->root, dir->id };
	const struct forward forward = {
		.decoy = decoy,
		.network = network,
		.cookie = record->decoy,
		.nameserver = record->nameserver,
	};

	*ret_done = true;
	if (record->of_other)
		return forward_share(directory, record->decoy, &shared, &member, ret_pair, e);
	return forward_join(directory, &forward, &shared, &member, state_is_living, ret_done,
			    ret_pair, e);
}

static int forward_all(const struct state_dir *dir, const struct status_record *status, int decoy,
		       int network, struct arena *arena, struct err *e)
{
	unsigned pair;
	bool done;

	read_names(status->forward, arena);
	if (join(dir, status, decoy, network, arena, &done, &pair, e) < 0)
		return -1;
	return done && status->forward->nameserver ? write_names(dir, status->forward, pair, e) : 0;
}

void record_not_forwarded(struct status_record *status, const struct err *e, struct arena *arena)
{
	size_t added = decisions_add_not_forwarded(&status->decisions, e->text, arena);
	const char *warning = decisions_warning(&status->decisions, added, arena);

	log_warning("%s", warning ? warning : e->text);
}

void record_forward(struct state_dir *dir, struct status_record *status, int decoy, int network,
		    struct arena *arena)
{
	struct err e;

	if (forward_all(dir, status, decoy, network, arena, &e) < 0)
		record_not_forwarded(status, &e, arena);
}

void record_forward_end(const struct state_dir *dir, const struct status_record *status)
{
	const struct forward_member member = { dir->root, dir->id };
	autoarena arena = { 0 };
	struct err e;

	if (!status || !status->forward || !status->forward->decoy)
		return;
	if (forward_leave(forward_directory(caller_is_rootless(), &arena), status->forward->decoy,
			  &member, &e) < 0)
		log_warning("container %s: what leads to it stays: %s", dir->id, e.text);
}
