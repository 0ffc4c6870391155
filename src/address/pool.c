/* SPDX-License-Identifier: Apache-2.0 */
/* See pool.h. Runs in the runtime. */
#include "address/pool.h"

#include "address/place.h"
#include "address/pool_numbers.h"
#include "address/pool_record.h"

#include <stdlib.h>
#include <string.h>

/* So many that were left are kept in mind, so that the record of a network does not grow with all that ever were there. */
#define KEPT_MAX 256u
/* So many holders are named where all addresses are held. */
#define NAMED_MAX 3u

const char *address_directory(bool rootless, struct arena *arena)
{
	const char *run = rootless ? getenv("XDG_RUNTIME_DIR") : NULL;

	return arena_printf(arena, "%s/distro-shim/addresses", run && run[0] == '/' ? run : "/run");
}

/* --- entries --- */

static bool is_of(const char *root, const char *id, const struct address_holder *holder)
{
	return str_eq(id, holder->id) && str_eq(root, holder->root);
}

static struct pool_entry *add_entry(struct pool_record *record, struct arena *arena)
{
	const size_t n = record->entries.n;
	/* one more than there were, once a command */
	struct pool_entry *v = arena_new_array(arena, struct pool_entry, n + 1);

	if (n)
		memcpy(v, record->entries.v, n * sizeof(*v));
	record->entries.v = v;
	record->entries.n++;
	return &v[n];
}

static void drop_entry(struct pool_record *record, struct pool_entry *entry)
{
	const size_t after = (size_t)(record->entries.v + record->entries.n - entry) - 1;

	memmove(entry, entry + 1, after * sizeof(*entry));
	record->entries.n--;
}

static void move_to_end(struct pool_record *record, struct pool_entry *entry)
{
	const struct pool_entry copy = *entry;

	drop_entry(record, entry);
	record->entries.v[record->entries.n++] = copy;
}

static void drop_other(struct pool_entry *entry, size_t i)
{
	entry->others.n--;
	memmove(&entry->others.v[i], &entry->others.v[i + 1],
		(entry->others.n - i) * sizeof(*entry->others.v));
}

/* False: it does not hold this one. */
static bool drop_holder(struct pool_entry *entry, const struct address_holder *holder)
{
	bool found = false;

	if (!entry->left && is_of(entry->root, entry->id, holder))
		entry->left = found = true;
	for (size_t i = entry->others.n; i > 0; i--)
		if (is_of(entry->others.v[i - 1].root, entry->others.v[i - 1].id, holder)) {
			drop_other(entry, i - 1);
			found = true;
		}
	return found;
}

static void drop_dead(struct pool_entry *entry, address_lives lives)
{
	if (!entry->left)
		entry->left = !lives(entry->root, entry->id);
	for (size_t i = entry->others.n; i > 0; i--)
		if (!lives(entry->others.v[i - 1].root, entry->others.v[i - 1].id))
			drop_other(entry, i - 1);
}

static void give(const struct pool_entry *entry, struct address_taken *ret)
{
	ret->addresses = entry->addresses;
	ret->index = entry->index;
}

/* --- which one --- */

/* The one that the holder has, or has left. */
static struct pool_entry *find_own(struct pool_record *record, const struct pool_numbers *numbers,
				   const struct address_holder *holder, address_lives lives)
{
	for (size_t i = 0; i < record->entries.n; i++) {
		struct pool_entry *entry = &record->entries.v[i];

		if (!is_of(entry->root, entry->id, holder) ||
		    !pool_numbers_has(numbers, &entry->addresses))
			continue;
		if (entry->left && entry->others.n > 0)
			drop_dead(entry, lives);
		if (!entry->left || entry->others.n == 0)
			return entry;
	}
	return NULL;
}

/* A number of which no entry has an address; `count`: none. */
static uint32_t find_number(const struct pool_record *record, const struct pool_numbers *numbers,
			    struct arena *arena)
{
	bool *used = arena_new_array(arena, bool, numbers->count);

	for (size_t i = 0; i < record->entries.n; i++)
		for (size_t k = 0; k < record->entries.v[i].addresses.n; k++) {
			uint32_t number;

			if (pool_number_of(numbers, record->entries.v[i].addresses.v[k], &number))
				used[number] = true;
		}
	for (uint32_t i = 0; i < numbers->count; i++) {
		const uint32_t number = (record->next % numbers->count + i) % numbers->count;

		if (!used[number])
			return number;
	}
	return numbers->count;
}

/* The index of that number, unless an entry without an address, or of another pool, has it; false: all are taken. */
static bool find_index(const struct pool_record *record, uint32_t number, struct arena *arena,
		       uint32_t *ret)
{
	bool *used = arena_new_array(arena, bool, ADDRESS_POOL_MAX);
	uint32_t i = ADDRESS_POOL_MAX;

	for (size_t k = 0; k < record->entries.n; k++) {
		const uint32_t other = record->entries.v[k].index - ADDRESS_POOL_FIRST_INDEX;

		if (other < ADDRESS_POOL_MAX)
			used[other] = true;
	}
	if (used[number])
		for (; i > 0 && used[i - 1]; i--)
			;
	*ret = ADDRESS_POOL_FIRST_INDEX + (used[number] ? i - 1 : number);
	return i > 0;
}

static struct pool_entry *add_new(struct pool_record *record, const struct pool_numbers *numbers,
				  struct arena *arena)
{
	const uint32_t number = find_number(record, numbers, arena);
	struct pool_entry *entry;
	uint32_t index;

	if (number == numbers->count || !find_index(record, number, arena, &index))
		return NULL;
	entry = add_entry(record, arena);
	entry->addresses = pool_addresses(numbers, number, arena);
	entry->index = index;
	if (numbers->n > 0)
		record->next = number + 1;
	return entry;
}

static struct pool_entry *find_left(const struct pool_record *record,
				    const struct pool_numbers *numbers)
{
	for (size_t i = 0; i < record->entries.n; i++)
		if (!pool_entry_is_held(&record->entries.v[i]) &&
		    pool_numbers_has(numbers, &record->entries.v[i].addresses))
			return &record->entries.v[i];
	return NULL;
}

/* What was left of other pools of the network, whose networks may meet this one. */
static void forget_others(struct pool_record *record, const struct pool_numbers *numbers)
{
	size_t n = 0;

	for (size_t i = 0; i < record->entries.n; i++)
		if (pool_entry_is_held(&record->entries.v[i]) ||
		    pool_numbers_has(numbers, &record->entries.v[i].addresses))
			record->entries.v[n++] = record->entries.v[i];
	record->entries.n = n;
}

/* NULL: all are held by containers that live. */
static struct pool_entry *find_other(struct pool_record *record, const struct pool_numbers *numbers,
				     address_lives lives, struct arena *arena)
{
	for (bool asked = false;; asked = true) {
		struct pool_entry *entry = add_new(record, numbers, arena);

		if (!entry)
			entry = find_left(record, numbers);
		if (!entry) {
			forget_others(record, numbers);
			entry = add_new(record, numbers, arena);
		}
		if (entry || asked)
			return entry;
		for (size_t i = 0; i < record->entries.n; i++)
			drop_dead(&record->entries.v[i], lives);
	}
}

static void forget_oldest(struct pool_record *record)
{
	size_t left = 0;

	for (size_t i = 0; i < record->entries.n; i++)
		left += !pool_entry_is_held(&record->entries.v[i]);
	for (size_t i = 0; i < record->entries.n && left > KEPT_MAX; i++) {
		if (pool_entry_is_held(&record->entries.v[i]))
			continue;
		drop_entry(record, &record->entries.v[i--]);
		left--;
	}
}

static int fail_exhausted(const struct pool_record *record, const struct pool_numbers *numbers,
			  struct err *e)
{
	autostrbuf names = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < record->entries.n; i++) {
		const struct pool_entry *entry = &record->entries.v[i];

		if (numbers->n > 0 && !pool_numbers_meet(numbers, &entry->addresses))
			continue;
		if (n++ < NAMED_MAX)
			strbuf_printf(&names, "%s'%s'", n > 1 ? ", " : "",
				      entry->left ? entry->others.v[0].id : entry->id);
	}
	if (n > NAMED_MAX)
		strbuf_printf(&names, " and %zu more", n - NAMED_MAX);
	if (numbers->n == 0 || n == 0)
		return fail(
			e, ERR_STATE,
			"the network has %zu containers with a localhost or addresses of their own already; end some, or give others another network",
			record->entries.n);
	return fail(
		e, ERR_STATE,
		"no address of the network's pool %s%s%s is free: containers %s have them; end some, or give the key addressPool a larger network",
		record->v4 ? record->v4 : "", record->v4 && record->v6 ? " and " : "",
		record->v6 ? record->v6 : "", strbuf_text(&names));
}

/* --- the verbs --- */

static int take(const struct pool_place *place, struct pool_record *record,
		const struct pool_numbers *numbers, const struct address_holder *holder,
		address_lives lives, struct arena *arena, struct address_taken *ret, struct err *e)
{
	struct pool_entry *entry = find_own(record, numbers, holder, lives);

	if (!entry)
		entry = find_other(record, numbers, lives, arena);
	if (!entry)
		return fail_exhausted(record, numbers, e);
	if (!entry->id || !is_of(entry->root, entry->id, holder)) {
		entry->root = arena_strdup(arena, holder->root);
		entry->id = arena_strdup(arena, holder->id);
		entry->text = NULL;
	}
	entry->left = false;
	give(entry, ret);
	return pool_record_write(place, record, arena, e);
}

int address_pool_take(const char *directory, uint64_t network_cookie,
		      const struct address_pool *pool, const struct address_holder *holder,
		      address_lives lives, struct arena *arena, struct address_taken *ret,
		      struct err *e)
{
	autopoolplace place = POOL_PLACE_INIT;
	struct pool_numbers numbers;
	struct pool_record *record;

	if (pool_numbers_read(pool, &numbers, e) < 0 ||
	    pool_place_open(directory, network_cookie, true, &place, e) < 0 ||
	    pool_record_read(&place, network_cookie, arena, &record, e) < 0)
		return -1;
	record->v4 = pool->v4 ? arena_strdup(arena, pool->v4) : NULL;
	record->v6 = pool->v6 ? arena_strdup(arena, pool->v6) : NULL;
	if (record->entries.n == 0)
		pool_records_clean(&place, record);
	return take(&place, record, &numbers, holder, lives, arena, ret, e);
}

static struct pool_entry *find_held(struct pool_record *record, const struct address_holder *by)
{
	for (size_t i = 0; i < record->entries.n; i++) {
		struct pool_entry *entry = &record->entries.v[i];

		if (!entry->left && is_of(entry->root, entry->id, by))
			return entry;
		for (size_t k = 0; k < entry->others.n; k++)
			if (is_of(entry->others.v[k].root, entry->others.v[k].id, by))
				return entry;
	}
	return NULL;
}

int address_pool_share(const char *directory, uint64_t network_cookie,
		       const struct address_holder *of, const struct address_holder *holder,
		       struct arena *arena, struct address_taken *ret, struct err *e)
{
	autopoolplace place = POOL_PLACE_INIT;
	struct pool_record *record = NULL;
	struct pool_entry *entry = NULL;
	int rc = pool_place_open(directory, network_cookie, false, &place, e);

	if (rc < 0 || (rc > 0 && pool_record_read(&place, network_cookie, arena, &record, e) < 0))
		return -1;
	if (record)
		entry = find_held(record, of);
	if (!entry)
		return fail(
			e, ERR_STATE,
			"container '%s', whose network was asked for, has ended, and its address with it",
			of->id);
	drop_holder(entry, holder);
	if (is_of(entry->root, entry->id, holder))
		entry->left = false;
	else
		pool_entry_add(entry, arena_strdup(arena, holder->root),
			       arena_strdup(arena, holder->id), arena);
	give(entry, ret);
	return pool_record_write(&place, record, arena, e);
}

static int take_off(const struct pool_entry *entry, int network, uint64_t cookie,
		    struct arena *arena, struct err *e)
{
	const struct address_loopback loopback = address_loopback(entry->index);
	struct strlist all = { .v = arena_new_array(arena, char *, entry->addresses.n + 1) };

	if (network < 0)
		return 0;
	for (; all.n < entry->addresses.n; all.n++)
		all.v[all.n] = entry->addresses.v[all.n];
	all.v[all.n++] = arena_strdup(arena, loopback.text6);
	return address_unplace(network, cookie, &all, e);
}

/* As one that did not live it may have lost what is there still. */
static bool was_lost(const struct pool_entry *entry, const struct address_holder *holder)
{
	return !pool_entry_is_held(entry) && is_of(entry->root, entry->id, holder);
}

int address_pool_leave(const char *directory, uint64_t network_cookie,
		       const struct address_holder *holder, int network, struct err *e)
{
	autopoolplace place = POOL_PLACE_INIT;
	autoarena arena = { 0 };
	struct pool_record *record;
	bool changed = false;
	int rc = pool_place_open(directory, network_cookie, false, &place, e);

	if (rc <= 0)
		return rc;
	if (pool_record_read(&place, network_cookie, &arena, &record, e) < 0)
		return -1;
	/* backwards, because those that are left go to the end */
	for (size_t i = record->entries.n; i > 0; i--) {
		struct pool_entry *entry = &record->entries.v[i - 1];

		if (!drop_holder(entry, holder) && !was_lost(entry, holder))
			continue;
		changed = true;
		if (pool_entry_is_held(entry))
			continue;
		if (take_off(entry, network, network_cookie, &arena, e) < 0)
			return -1;
		move_to_end(record, entry);
	}
	if (!changed)
		return 0;
	forget_oldest(record);
	return pool_record_write(&place, record, &arena, e);
}

/* --- without the lock --- */

static struct address_pool_entry show(const struct pool_entry *entry, struct arena *arena)
{
	struct address_pool_entry ret = { .holders = arena_new_array(arena, struct address_holder,
								     entry->others.n + 1) };

	give(entry, &ret.taken);
	if (!entry->left)
		ret.holders[ret.n_holders++] = (struct address_holder){ entry->root, entry->id };
	for (size_t i = 0; i < entry->others.n; i++)
		ret.holders[ret.n_holders++] =
			(struct address_holder){ entry->others.v[i].root, entry->others.v[i].id };
	return ret;
}

int address_pool_list(const char *directory, uint64_t network_cookie, struct arena *arena,
		      struct address_pool_entries *ret, struct err *e)
{
	autopoolplace place = POOL_PLACE_INIT;
	struct pool_record *record;
	int rc = pool_place_look(directory, network_cookie, &place, e);

	*ret = (struct address_pool_entries){ .n = 0 };
	if (rc <= 0)
		return rc;
	if (pool_record_read(&place, network_cookie, arena, &record, e) < 0)
		return -1;
	ret->v = arena_new_array(arena, struct address_pool_entry, record->entries.n + 1);
	for (size_t i = 0; i < record->entries.n; i++)
		if (pool_entry_is_held(&record->entries.v[i]))
			ret->v[ret->n++] = show(&record->entries.v[i], arena);
	return 0;
}
