/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host name. Pure.
 */
#include "policy/rules.h"

#define NAME_MAX_BYTES 64 /* sethostname(2) */
#define LABEL_MAX_BYTES 63

static bool is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 1123, section 2.1. */
static bool is_label(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!is_alphanumeric(text[i]) && text[i] != '-')
			return false;
	return length > 0 && length <= LABEL_MAX_BYTES && text[0] != '-' && text[length - 1] != '-';
}

static bool is_host_name(const char *name)
{
	if (strlen(name) > NAME_MAX_BYTES)
		return false;
	for (;;) {
		size_t length = strcspn(name, ".");

		if (!is_label(name, length))
			return false;
		if (!name[length])
			return true;
		name += length + 1;
	}
}

void rule_hostname(struct judgement *j, const char *id)
{
	const struct spec *spec = j->edit.spec;
	const char *name = j->facts->id;
	long uts = namespace_index(spec, SPEC_NS_UTS);

	if (j->policy->hostname != POLICY_HOSTNAME_ID || !name || str_eq(spec->hostname, name))
		return;
	if (uts < 0)
		edit_keep(
			&j->edit, id, namespace_pointer(j, uts),
			"the host name stays, because the container has no UTS namespace of its own");
	else if (spec->linux_->namespaces.v[uts].path)
		edit_keep(
			&j->edit, id, namespace_pointer(j, uts),
			"the host name stays, because a UTS namespace that is joined has one already");
	else if (!is_host_name(name))
		edit_keep(
			&j->edit, id, spec->hostname ? "/hostname" : "",
			"the host name stays, because the id is not a valid one: letters, digits, hyphens and dots, at most 63 between two dots and 64 in all");
	else
		edit_hostname(
			&j->edit, id, name,
			"every container's host name is its id, so that no two have the same");
}
