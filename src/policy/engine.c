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

const char *engine_of(const char *root, const struct strmap *annotations)
{
	for (size_t i = 0; root && i < ARRAY_SIZE(roots); i++)
		if (is_root_of(root, roots[i].middle, roots[i].last))
			return roots[i].engine;
	if (str_eq(strmap_get(annotations, "io.container.manager"), "libpod"))
		return "podman";
	return NULL;
}
