/* SPDX-License-Identifier: Apache-2.0 */
/* Which namespaces a configuration asks for. Pure. */
#include "spec/spec.h"

const struct spec_namespace *spec_namespace_find(const struct spec *spec, enum spec_ns_type type)
{
	if (!spec->linux_)
		return NULL;
	for (size_t i = 0; i < spec->linux_->namespaces.n; i++)
		if (spec->linux_->namespaces.v[i].type == (int)type)
			return &spec->linux_->namespaces.v[i];
	return NULL;
}
