/* SPDX-License-Identifier: Apache-2.0 */
/* See resolver.h. Pure. */
#include "policy/resolver.h"

#include "base/auto.h"

#include <stdlib.h>
#include <string.h>

/* --- lines --- */

#define BLANKS " \t\r"

/* The words of the next line, as hosts(5) and resolv.conf(5) part them. False at the end. */
static bool next_line(const char **rest, struct arena *arena, struct strlist *ret)
{
	size_t length = strcspn(*rest, "\n");
	char *line = arena_strndup(arena, *rest, length), *word;

	if (!**rest)
		return false;
	*rest += length + ((*rest)[length] == '\n');
	line[strcspn(line, "#")] = '\0';
	if (line[0] == ';')
		line[0] = '\0';
	*ret = (struct strlist){ .v = arena_new_array(arena, char *, length / 2 + 1) };
	for (word = line + strspn(line, BLANKS); *word; word += strspn(word, BLANKS)) {
		size_t size = strcspn(word, BLANKS);

		ret->v[ret->n++] = arena_strndup(arena, word, size);
		word += size;
	}
	return true;
}

/* Room for all words of `text`, and a few of ours. */
static struct strlist room_for(const char *text, struct arena *arena)
{
	return (struct strlist){ .v = arena_new_array(arena, char *, strlen(text) / 2 + 4) };
}

static void add_word(struct strlist *list, char *word)
{
	if (!strlist_has(list, word))
		list->v[list->n++] = word;
}

static void put_line(struct strbuf *out, const char *first, const struct strlist *words)
{
	strbuf_puts(out, first);
	for (size_t i = 0; i < words->n; i++)
		strbuf_printf(out, " %s", words->v[i]);
	strbuf_putc(out, '\n');
}

static bool same_words(const struct strlist *a, const struct strlist *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!str_eq(a->v[i], b->v[i]))
			return false;
	return true;
}

/* --- hosts --- */

/* Every hosts file has them. */
static bool is_usual(const char *name)
{
	static const char *const usual[] = {
		"localhost",
		"localhost.localdomain",
		"localhost4",
		"localhost6",
		"localhost4.localdomain4",
		"localhost6.localdomain6",
		"ip6-localhost",
		"ip6-loopback",
		"ip6-localnet",
		"ip6-allnodes",
		"ip6-mcastprefix",
		"ip6-allrouters",
		"ip6-allhosts",
	};

	for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
		if (str_eq(name, usual[i]))
			return true;
	return false;
}

/* What a file says, sorted by name: the engine's may ask for each of thousands of names. */
struct pair {
	const char *name, *address;
};
struct pairs {
	size_t n;
	struct pair *v;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct pair *)a)->name, ((const struct pair *)b)->name);
}

static int compare_pairs(const void *a, const void *b)
{
	int names = compare_names(a, b);

	return names ? names
		     : strcmp(((const struct pair *)a)->address, ((const struct pair *)b)->address);
}

static struct pairs read_pairs(const char *text, struct arena *arena)
{
	struct pairs pairs = { .v = arena_new_array(arena, struct pair,
						    strlen(text ? text : "") / 2 + 1) };
	struct strlist words;

	while (text && next_line(&text, arena, &words))
		for (size_t i = 1; i < words.n; i++)
			pairs.v[pairs.n++] = (struct pair){ words.v[i], words.v[0] };
	qsort(pairs.v, pairs.n, sizeof(pairs.v[0]), compare_pairs);
	return pairs;
}

/* address: NULL for any */
static bool hosts_say(const struct pairs *pairs, const char *address, const char *name)
{
	const struct pair wanted = { name, address };

	return bsearch(&wanted, pairs->v, pairs->n, sizeof(wanted),
		       address ? compare_pairs : compare_names) != NULL;
}

static bool is_name(const char *name)
{
	return !str_empty(name) && !strpbrk(name, " \t\r\n#") && !is_usual(name);
}

static char *full_name(const struct resolver_names *names, struct arena *arena)
{
	return is_name(names->host) && is_name(names->domain)
		       ? arena_printf(arena, "%s.%s", names->host, names->domain)
		       : NULL;
}

struct known {
	struct pairs network, host;
	const char *name, *full; /* of the container; NULL: it has none */
};

/* A line of the engine's: its address is of the network that the container is not in where it names the
 * container itself. Those names go into *own, all else that neither the network says nor the host, of whose file Podman's
 * is a copy, into *out. */
static void take_line(const struct strlist *line, const struct known *known, struct strlist *own,
		      struct strbuf *out, struct arena *arena)
{
	struct strlist kept = { .v = arena_new_array(arena, char *, line->n) };
	bool of_itself = false;

	for (size_t i = 1; i < line->n; i++)
		of_itself |= known->name && (str_eq(line->v[i], known->name) ||
					     (known->full && str_eq(line->v[i], known->full)));
	for (size_t i = 1; i < line->n; i++) {
		char *name = line->v[i];

		if (is_usual(name) || (known->name && str_eq(name, known->name)) ||
		    (known->full && str_eq(name, known->full)))
			continue;
		if (of_itself)
			add_word(own, name);
		else if (!hosts_say(&known->network, line->v[0], name) &&
			 !hosts_say(&known->host, line->v[0], name))
			kept.v[kept.n++] = name;
	}
	if (kept.n)
		put_line(out, line->v[0], &kept);
}

struct resolver_result resolver_hosts(const struct resolver_facts *texts,
				      const struct resolver_names *names, struct arena *arena)
{
	const char *network = texts->own;
	const char *rest = texts->engine ? texts->engine : "";
	const struct known known = {
		.network = read_pairs(network, arena),
		.host = read_pairs(texts->host, arena),
		.name = is_name(names->host) ? names->host : NULL,
		.full = full_name(names, arena),
	};
	struct strlist own = room_for(rest, arena), all = room_for(rest, arena), line;
	autostrbuf kept = { 0 }, itself = { 0 };

	if (!network)
		return (struct resolver_result){ .choice = RESOLVER_NETWORK };
	while (next_line(&rest, arena, &line))
		if (line.n)
			take_line(&line, &known, &own, &kept, arena);
	if (known.name && !hosts_say(&known.network, NULL, known.name)) {
		if (known.full)
			add_word(&all, arena_strdup(arena, known.full));
		add_word(&all, arena_strdup(arena, known.name));
		for (size_t i = 0; i < own.n; i++)
			add_word(&all, own.v[i]);
		put_line(&itself, RESOLVER_OWN_NAME, &all);
	}
	if (!kept.length && !itself.length)
		return (struct resolver_result){ .choice = RESOLVER_NETWORK };
	/* of two addresses of a name the first one is taken: that which was asked for */
	return (struct resolver_result){
		.choice = RESOLVER_MERGED,
		.text = arena_printf(arena, "%s%s%s%s", strbuf_text(&kept), network,
				     *network && !str_has_suffix(network, "\n") ? "\n" : "",
				     strbuf_text(&itself)),
	};
}

/* --- resolv.conf --- */

struct conf {
	struct strlist servers, search, options;
};

static struct conf read_conf(const char *text, struct arena *arena)
{
	struct conf conf = { .servers = room_for(text ? text : "", arena),
			     .options = room_for(text ? text : "", arena) };
	struct strlist words;

	while (text && next_line(&text, arena, &words)) {
		const char *key = words.n > 1 ? words.v[0] : "";
		struct strlist rest = { .n = words.n - 1, .v = words.v + 1 };

		if (str_eq(key, "nameserver"))
			add_word(&conf.servers, rest.v[0]);
		else if (str_eq(key, "search") || str_eq(key, "domain"))
			conf.search = rest; /* the last one counts */
		else if (str_eq(key, "options"))
			for (size_t i = 0; i < rest.n; i++)
				add_word(&conf.options, rest.v[i]);
	}
	return conf;
}

struct strlist resolver_nameservers(const char *text, struct arena *arena)
{
	return read_conf(text, arena).servers;
}

static bool is_loopback(const char *address)
{
	return str_has_prefix(address, "127.") || str_eq(address, "::1");
}

/* What engines write where the host names no server that a container could reach. */
static bool is_last_resort(const char *address, const struct strlist *of_host)
{
	static const char *const servers[] = { "8.8.8.8", "8.8.4.4", "2001:4860:4860::8888",
					       "2001:4860:4860::8844" };

	for (size_t i = 0; i < of_host->n; i++)
		if (!is_loopback(of_host->v[i]))
			return false;
	for (size_t i = 0; i < ARRAY_SIZE(servers); i++)
		if (str_eq(address, servers[i]))
			return true;
	return false;
}

/* How long "10.88." of "10.88.0.5" is; 0: it is not an address of IPv4. */
static size_t net_length(const char *address)
{
	const char *first = strchr(address, '.');
	const char *second = first ? strchr(first + 1, '.') : NULL;

	return second ? (size_t)(second - address) + 1 : 0;
}

/* The addresses that the engine gave to the container. */
static struct strlist own_addresses(const char *hosts, const char *name, struct arena *arena)
{
	struct strlist words, ret = room_for(hosts ? hosts : "", arena);

	while (hosts && !str_empty(name) && next_line(&hosts, arena, &words)) {
		struct strlist names = { .n = words.n ? words.n - 1 : 0, .v = words.v + 1 };

		if (names.n && strlist_has(&names, name))
			add_word(&ret, words.v[0]);
	}
	return ret;
}

/* The first address of the network in which the engine has put the container: there a bridge answers. */
static bool is_gateway(const char *address, const struct strlist *own)
{
	size_t length = net_length(address);

	if (!length || !str_has_suffix(address, ".1"))
		return false;
	for (size_t i = 0; i < own->n; i++)
		if (net_length(own->v[i]) == length && strncmp(own->v[i], address, length) == 0)
			return true;
	return false;
}

/* Of slirp4netns, and where Podman has pasta answer. */
static bool is_of_user_mode(const char *address)
{
	return str_eq(address, "10.0.2.3") || str_eq(address, "169.254.1.1");
}

/* The engine's own resolvers, those of user-mode networks, and what it has from the host. */
static bool is_of_engine(const char *address, const struct resolver_facts *texts,
			 const struct conf *network, const struct conf *host)
{
	return is_loopback(address) || str_has_prefix(address, "169.254.") ||
	       str_has_prefix(address, "fe80:") || is_of_user_mode(address) ||
	       strlist_has(&texts->local, address) || strlist_has(&network->servers, address) ||
	       strlist_has(&host->servers, address) || is_last_resort(address, &host->servers);
}

/* Engines put these there unasked. */
static bool is_usual_word(const char *word)
{
	return str_eq(word, "ndots:0") || str_eq(word, "edns0") || str_eq(word, "trust-ad") ||
	       str_eq(word, "dns.podman") || str_eq(word, ".");
}

/* Words that are neither usual nor the host's nor the network's. */
static bool is_wish(const struct strlist *engine, const struct strlist *host,
		    const struct strlist *network)
{
	if (same_words(engine, host) || same_words(engine, network))
		return false;
	for (size_t i = 0; i < engine->n; i++)
		if (!is_usual_word(engine->v[i]))
			return true;
	return false;
}

struct resolver_result resolver_conf(const struct resolver_facts *texts, const char *hosts,
				     const struct resolver_names *names, struct arena *arena)
{
	struct conf network = read_conf(texts->own, arena), host = read_conf(texts->host, arena);
	struct conf engine = read_conf(texts->engine, arena);
	struct strlist asked = room_for(texts->engine ? texts->engine : "", arena);
	struct strlist own = own_addresses(hosts, names->host, arena);
	bool search = is_wish(&engine.search, &host.search, &network.search);
	bool options = is_wish(&engine.options, &host.options, &network.options);
	autostrbuf out = { 0 };

	for (size_t i = 0; i < engine.servers.n; i++)
		if (!is_of_engine(engine.servers.v[i], texts, &network, &host) &&
		    !is_gateway(engine.servers.v[i], &own))
			add_word(&asked, engine.servers.v[i]);
	if (!texts->own || (!asked.n && !search && !options))
		return (struct resolver_result){ .choice = RESOLVER_NETWORK };
	if (asked.n && asked.n == engine.servers.n)
		return (struct resolver_result){ .choice = RESOLVER_ENGINE };
	if (!asked.n)
		asked = network.servers;
	for (size_t i = 0; i < asked.n; i++)
		strbuf_printf(&out, "nameserver %s\n", asked.v[i]);
	if (search || network.search.n)
		put_line(&out, "search", search ? &engine.search : &network.search);
	if (options || network.options.n)
		put_line(&out, "options", options ? &engine.options : &network.options);
	return (struct resolver_result){
		.choice = RESOLVER_MERGED,
		.text = arena_strdup(arena, strbuf_text(&out)),
	};
}

/* The file without the lines of that nameserver; a line with the keyword alone says where the first was. */
static char *without_server(const char *text, const char *server, struct arena *arena)
{
	autostrbuf out = { 0 };
	bool first = true;

	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = arena_strndup(arena, text, length);
		struct strlist words;
		const char *rest = line;

		text += length + (text[length] == '\n');
		if (!next_line(&rest, arena, &words) || words.n < 2 ||
		    !str_eq(words.v[0], "nameserver") || !str_eq(words.v[1], server)) {
			strbuf_printf(&out, "%s\n", line);
			continue;
		}
		if (first)
			strbuf_puts(&out, RESOLVER_PLACE);
		first = false;
	}
	return arena_strdup(arena, strbuf_text(&out));
}

char *resolver_with_server(const char *rest, const char *server, struct arena *arena)
{
	const char *line = server ? arena_printf(arena, "nameserver %s\n", server) : "";
	const char *place = rest;

	while (*place && !str_has_prefix(place, RESOLVER_PLACE)) {
		place += strcspn(place, "\n");
		place += *place == '\n';
	}
	if (!*place)
		return arena_printf(arena, "%s%s", line, rest);
	return arena_printf(arena, "%.*s%s%s", (int)(place - rest), rest, line,
			    place + strlen(RESOLVER_PLACE));
}

char *resolver_of_engine(const struct resolver_facts *texts, const char *hosts,
			 const struct resolver_names *names, struct arena *arena, char **ret_rest)
{
	struct conf engine = read_conf(texts->engine, arena);
	struct strlist own = own_addresses(hosts, names->host, arena);

	for (size_t i = 0; i < engine.servers.n; i++) {
		const char *server = engine.servers.v[i];

		if (!is_loopback(server) && !is_of_user_mode(server) &&
		    !strlist_has(&texts->local, server) && !is_gateway(server, &own))
			continue;
		*ret_rest = without_server(texts->engine, server, arena);
		return arena_strdup(arena, server);
	}
	return NULL;
}

char *resolver_known(const char *text, const char *server, struct arena *arena, char **ret_rest)
{
	struct conf engine = read_conf(text, arena);

	if (!server || !strlist_has(&engine.servers, server))
		return NULL;
	*ret_rest = without_server(text, server, arena);
	return arena_strdup(arena, server);
}

char *resolver_with_own(const char *text, const char *address, struct arena *arena)
{
	const size_t length = strlen(RESOLVER_OWN_NAME);
	autostrbuf out = { 0 };
	bool found = false;

	for (const char *line = text; *line;) {
		size_t all = strcspn(line, "\n");
		bool own = strncmp(line, RESOLVER_OWN_NAME, length) == 0 &&
			   (line[length] == ' ' || line[length] == '\t');

		found = found || own;
		if (own)
			strbuf_printf(&out, "%s%.*s", address, (int)(all - length), line + length);
		else
			strbuf_printf(&out, "%.*s", (int)all, line);
		line += all;
		if (*line) {
			strbuf_putc(&out, '\n');
			line++;
		}
	}
	return found ? arena_strdup(arena, strbuf_text(&out)) : NULL;
}
