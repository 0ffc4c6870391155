/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of config.json's "linux.sysctl": only what belongs to a namespace may be set, because everything
 * else is the whole machine's (config-linux.md "Sysctl", namespaces(7)).
 */
#include "base/auto.h"
#include "base/path.h"
#include "spec/check.h"

char *spec_sysctl_path(const char *key, struct arena *arena)
{
	char *path = arena_strdup(arena, key);
	const char *first = strpbrk(path, "./");
	if (!first || *first == '/')
		return path;
	for (char *p = path; *p; p++) {
		if (*p == '.')
			*p = '/';
		else if (*p == '/')
			*p = '.';
	}
	return path;
}

/* ipc_namespaces(7) */
static const char *const ipc_keys[] = {
	"kernel/msgmax", "kernel/msgmnb", "kernel/msgmni", "kernel/sem",
	"kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced",
};

static bool is_ipc_key(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(ipc_keys); i++)
		if (str_eq(path, ipc_keys[i]))
			return true;
	return str_has_prefix(path, "fs/mqueue/");
}

static void check_need(struct check *c, const struct spec *spec, const char *key,
		       enum spec_ns_type type)
{
	if (!spec_namespace_find(spec, type))
		check_fail(c, "sysctl.%s: needs a namespace of type %s", check_quoted(c, key),
			   value_to_name(spec_ns_names, type));
}

static void check_sysctl(struct check *c, const struct spec *spec, const struct strpair *pair,
			 const char *path)
{
	const char *shown = check_quoted(c, pair->key);
	if (path_has_detour(path))
		check_fail(c, "sysctl.%s: is not the name of a sysctl", shown);
	else if (is_ipc_key(path))
		check_need(c, spec, pair->key, SPEC_NS_IPC);
	else if (str_has_prefix(path, "net/"))
		check_need(c, spec, pair->key, SPEC_NS_NETWORK);
	else if (str_eq(path, "kernel/hostname"))
		check_fail(c, "sysctl.%s: is set by hostname; leave it out", shown);
	else if (!str_eq(path, "kernel/domainname"))
		check_fail(c, "sysctl.%s: does not belong to a namespace; set it on the host",
			   shown);
	else if (!str_empty(spec->domainname) && !str_eq(pair->value, spec->domainname))
		check_fail(c, "sysctl.%s: differs from domainname; leave one of them out", shown);
	else
		check_need(c, spec, pair->key, SPEC_NS_UTS);
}

void check_sysctls(struct check *c, const struct spec *spec)
{
	const struct strmap *sysctl = &spec->linux_->sysctl;
	const char **paths = arena_new_array(&c->arena, const char *, sysctl->n + 1);
	for (size_t i = 0; i < sysctl->n; i++) {
		paths[i] = spec_sysctl_path(sysctl->v[i].key, &c->arena);
		check_sysctl(c, spec, &sysctl->v[i], paths[i]);
	}
	check_unique(c, "sysctl", sysctl->n, paths);
}
