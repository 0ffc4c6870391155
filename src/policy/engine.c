/* SPDX-License-Identifier: Apache-2.0 */
/* See engine.h. Pure. */
#include "policy/engine.h"

#include "base/auto.h"
#include "base/str.h"

const char *const engine_names[] = { "docker", "cri", "containerd", "podman", NULL };

/* The last component of a containerd root is its namespace: Docker's is moby, Kubernetes' k8s.io. A daemon with an --exec-root
 * or --state of its own has another beginning. */
static const struct {
	const char *middle, *last, *engine;
} roots[] = {
	{ "/runtime-runc/", "moby", "docker" },
	{ "/runtime-runc/", "plugins.moby", "docker" },
	{ "/runc/", "moby", "docker" },
	{ "/runc/", "k8s.io", "cri" },
	{ "/containerd/runc/", NULL, "containerd" },
};

static bool is_root_of(const char *root, const char *middle, const char *last)
{
	const char *slash = strrchr(root, '/');
	size_t length = strlen(middle);

	if (!slash || (size_t)(slash + 1 - root) < length ||
	    strncmp(slash + 1 - length, middle, length) != 0)
		return false;
	return last ? str_eq(slash + 1, last) : slash[1] != '\0';
}

/* DRIVER-containers/ID/userdata: Podman's, and CRI-O's, who keep them in the same way. NULL: something else; else the id,
 * as far as `length`. */
static const char *find_stored_id(const char *bundle, size_t *length)
{
	static const char above[] = "-containers", below[] = "/userdata";
	size_t end = strlen(bundle), start;

	if (end < strlen(below) || !str_eq(bundle + end - strlen(below), below))
		return NULL;
	end -= strlen(below);
	for (start = end; start > 0 && bundle[start - 1] != '/'; start--)
		;
	if (start == end || start <= strlen(above) ||
	    strncmp(bundle + start - 1 - strlen(above), above, strlen(above)) != 0)
		return NULL;
	*length = end - start;
	return bundle + start;
}

/* CRI-O's group is PARENT/crio-ID or SLICE:crio:ID. Of Podman's a client names the parent alone. */
static bool is_crio(const struct spec *request, const char *id, size_t length)
{
	static const char *const before[] = { "/crio-", ":crio:" };
	const char *path = request->linux_ ? request->linux_->cgroups_path : NULL;
	size_t n = path ? strlen(path) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		size_t all = strlen(before[i]) + length;

		if (n >= all && strncmp(path + n - all, before[i], strlen(before[i])) == 0 &&
		    strncmp(path + n - length, id, length) == 0)
			return true;
	}
	return false;
}

/* The BuildKit in dockerd names no root, and has its bundles in DATA-ROOT/buildkit/executor/ID. */
static bool is_docker_build(const char *bundle)
{
	static const char above[] = "/buildkit/executor/";
	const char *slash = bundle ? strrchr(bundle, '/') : NULL;

	return slash && slash[1] && (size_t)(slash + 1 - bundle) >= strlen(above) &&
	       strncmp(slash + 1 - strlen(above), above, strlen(above)) == 0;
}

const char *engine_of(const char *root, const char *bundle, const struct spec *request)
{
	size_t length = 0;
	const char *id = bundle ? find_stored_id(bundle, &length) : NULL;

	for (size_t i = 0; root && i < ARRAY_SIZE(roots); i++)
		if (is_root_of(root, roots[i].middle, roots[i].last))
			return roots[i].engine;
	if (is_docker_build(bundle))
		return "docker";
	if (id)
		return is_crio(request, id, length) ? NULL : "podman";
	if (str_eq(strmap_get(&request->annotations, "io.container.manager"), "libpod"))
		return "podman";
	return NULL;
}

/* Podman: netns-UUID, as root and as a user; plugins of CNI: cni-UUID; Docker's own and CRI-O's have no such word. */
static const struct {
	const char *directory, *name;
} networks[] = {
	{ "/run/netns/", "netns-" },
	{ "/run/netns/", "cni-" },
	{ "/netns/", "netns-" }, /* below XDG_RUNTIME_DIR */
	{ "/run/docker/netns/", "" },
};

const char *const engine_network_directories[] = { "/run/netns", "/run/docker/netns", NULL };

bool engine_makes_network(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	for (size_t i = 0; slash && i < ARRAY_SIZE(networks); i++) {
		const char *directory = networks[i].directory;
		size_t length = strlen(directory);

		if ((size_t)(slash + 1 - path) >= length &&
		    strncmp(slash + 1 - length, directory, length) == 0 &&
		    str_has_prefix(slash + 1, networks[i].name) &&
		    slash[1 + strlen(networks[i].name)] != '\0')
			return true;
	}
	return false;
}
