/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the resolver: the network's own, by iproute2's convention, what the config mounts in their place, and
 * the host's. Texts are read where they decide something. Runs in the runtime.
 */
#include "facts/gather.h"

#include "base/path.h"
#include "os/io.h"
#include "policy/resolver.h"
#include "policy/rules.h"
#include "sys/procfs.h"
#include "sys/trusted.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* What is longer counts as none: a list of blocked names, not what an engine was asked for. */
#define TEXT_MAX (16 * 1024)
#define NETWORK_TEXT_MAX (64 * 1024)

const char *iproute_name(const char *network_path)
{
	static const char *const directories[] = { "/run/netns/", "/var/run/netns/" };

	for (size_t i = 0; network_path && i < ARRAY_SIZE(directories); i++) {
		const char *name = network_path + strlen(directories[i]);

		if (str_has_prefix(network_path, directories[i]) && *name && !strchr(name, '/') &&
		    !str_eq(name, ".") && !str_eq(name, ".."))
			return name;
	}
	return NULL;
}

static char *text_of(int dirfd, const char *path, struct arena *arena)
{
	autofree char *text = NULL;
	struct err ignored;
	size_t length;

	if (read_file_at(dirfd, path, TEXT_MAX, &text, &length, &ignored) < 0 ||
	    strlen(text) != length)
		return NULL;
	return arena_strdup(arena, text);
}

static char *network_file(int root_fd, const char *directory, const struct trust *trust,
			  const char *file, struct arena *arena, struct resolver_facts **ret_texts)
{
	char *path = arena_printf(arena, "%s/%s", directory, file);
	const struct trusted_name shown = { .what = "network file", .base = "", .path = path };
	autofree char *text = NULL;
	struct err ignored;
	size_t length;
	autoclose int fd = trusted_open_at(root_fd, &shown, trust, &ignored);

	if (fd < 0)
		return NULL;
	*ret_texts = arena_new(arena, struct resolver_facts);
	/* a regular file: the open does not wait */
	autoclose int readable = open(fd_path(fd).text, O_RDONLY | O_CLOEXEC);
	if (readable >= 0 &&
	    read_fd_all(readable, path, NETWORK_TEXT_MAX, &text, &length, &ignored) == 0 &&
	    strlen(text) == length)
		(*ret_texts)->own = arena_strdup(arena, text);
	return path;
}

/* Of a user's own network `distro-net up` has put them beside it. */
static const char *directory_of_user(const char *network_path, struct arena *arena)
{
	const char *run = getenv("XDG_RUNTIME_DIR");

	if (str_empty(run) ||
	    !str_eq(network_path, arena_printf(arena, "%s" POLICY_NETWORK_OF_USER, run)))
		return NULL;
	return arena_printf(arena, "%s/distro-shim/net", run);
}

void gather_network_files(int root_fd, const char *network_path, struct arena *arena,
			  struct facts *facts)
{
	const char *name = iproute_name(network_path), *directory;
	struct trust trust = {
		.directories = { .n = 1, .v = { 0 } },
		.file = { .n = 1, .v = { 0 } },
	};
	struct err ignored;

	directory = name ? arena_printf(arena, "/etc/netns/%s", name) : NULL;
	if (!name && facts->rootless)
		directory = directory_of_user(network_path, arena);
	if (!directory || (!name && trust_of_caller(&trust, &ignored) < 0))
		return;
	facts->resolv_conf = network_file(root_fd, directory, &trust, "resolv.conf", arena,
					  &facts->resolv_conf_texts);
	facts->hosts =
		network_file(root_fd, directory, &trust, "hosts", arena, &facts->hosts_texts);
}

void facts_of_network_files(const char *network_path, struct arena *arena, char **ret_resolv_conf,
			    struct resolver_facts *ret_hosts)
{
	autoclose int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct facts found = { 0 };

	if (root >= 0)
		gather_network_files(root, network_path, arena, &found);
	*ret_resolv_conf = found.resolv_conf_texts ? found.resolv_conf_texts->own : NULL;
	*ret_hosts = (struct resolver_facts){
		.own = found.hosts_texts ? found.hosts_texts->own : NULL,
		.host = text_of(AT_FDCWD, "/etc/hosts", arena),
	};
}

/* --- what the config mounts --- */

static char *mounted_text(const struct spec *spec, const char *bundle, const char *destination,
			  struct arena *arena)
{
	const struct spec_mount *found = NULL;

	for (size_t i = 0; i < spec->mounts.n; i++) {
		const struct spec_mount *mount = &spec->mounts.v[i];

		if (mount->destination &&
		    str_eq(path_clean_in(arena, mount->destination), destination))
			found = mount;
	}
	if (!found || !mount_is_bind(found) || str_empty(found->source))
		return NULL;
	return text_of(AT_FDCWD,
		       found->source[0] == '/'
			       ? found->source
			       : arena_printf(arena, "%s/%s", bundle, found->source),
		       arena);
}

/* Whether an address is one of the network in which the runtime is. To bind a socket to it would prove nothing
 * if ip_nonlocal_bind is set. */
static bool is_local(const char *address, const struct ifaddrs *all)
{
	struct in_addr v4;
	struct in6_addr v6;
	bool four = inet_pton(AF_INET, address, &v4) == 1;

	if (!four && inet_pton(AF_INET6, address, &v6) != 1)
		return false;
	for (const struct ifaddrs *own = all; own; own = own->ifa_next) {
		if (!own->ifa_addr || own->ifa_addr->sa_family != (four ? AF_INET : AF_INET6))
			continue;
		if (four ? ((struct sockaddr_in *)own->ifa_addr)->sin_addr.s_addr == v4.s_addr
			 : IN6_ARE_ADDR_EQUAL(&((struct sockaddr_in6 *)own->ifa_addr)->sin6_addr,
					      &v6))
			return true;
	}
	/* which stands for the host itself, too */
	return four ? v4.s_addr == INADDR_ANY : IN6_IS_ADDR_UNSPECIFIED(&v6);
}

static void look_at_servers(struct resolver_facts *texts, struct arena *arena)
{
	const char *own = text_of(AT_FDCWD, "/etc/resolv.conf", arena);
	/* where the host's names a stub of systemd-resolved, engines take the servers behind it */
	const char *behind = text_of(AT_FDCWD, "/run/systemd/resolve/resolv.conf", arena);
	struct strlist servers = resolver_nameservers(texts->engine, arena);
	struct ifaddrs *all = NULL;

	texts->host = arena_printf(arena, "%s\n%s", behind ? behind : "", own ? own : "");
	texts->local.v = arena_new_array(arena, char *, servers.n);
	if (getifaddrs(&all) < 0)
		all = NULL;
	for (size_t i = 0; i < servers.n; i++)
		if (is_local(servers.v[i], all))
			texts->local.v[texts->local.n++] = servers.v[i];
	freeifaddrs(all);
}

bool facts_of_engines_resolver(const char *path, struct arena *arena, struct resolver_facts *ret)
{
	*ret = (struct resolver_facts){ .engine = text_of(AT_FDCWD, path, arena) };
	if (ret->engine)
		look_at_servers(ret, arena);
	return ret->engine != NULL;
}

void gather_mounted_files(const struct spec *spec, const char *bundle, struct arena *arena,
			  struct facts *facts)
{
	bool forward = facts->forward && !facts->forward->problem;

	if (forward && !facts->resolv_conf_texts)
		facts->resolv_conf_texts = arena_new(arena, struct resolver_facts);
	if (forward && !facts->hosts_texts)
		facts->hosts_texts = arena_new(arena, struct resolver_facts);
	if (facts->hosts_texts)
		facts->hosts_texts->engine = mounted_text(spec, bundle, "/etc/hosts", arena);
	if (facts->hosts_texts && facts->hosts_texts->engine)
		facts->hosts_texts->host = text_of(AT_FDCWD, "/etc/hosts", arena);
	if (!facts->resolv_conf_texts)
		return;
	facts->resolv_conf_texts->engine = mounted_text(spec, bundle, "/etc/resolv.conf", arena);
	if (facts->resolv_conf_texts->engine)
		look_at_servers(facts->resolv_conf_texts, arena);
}
