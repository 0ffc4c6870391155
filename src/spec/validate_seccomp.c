/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks of config.json's "linux.seccomp" (config-linux.md "Seccomp").
 */
#include "base/auto.h"
#include "spec/check.h"

static void check_errno(struct check *c, const char *name, int action,
			const struct opt_u32 *errno_ret)
{
	/* libseccomp takes no greater error number, though the kernel has one more; a tracer gets 16
	 * bits. */
	enum { ERRNO_MAX = 4094, TRACE_MAX = 65535 };
	if (!errno_ret->set)
		return;
	if (action != SPEC_ACT_ERRNO && action != SPEC_ACT_TRACE)
		check_fail(c, "%s: is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE only", name);
	else if (errno_ret->value > (action == SPEC_ACT_ERRNO ? ERRNO_MAX : TRACE_MAX))
		check_fail(c, "%s: must not be greater than %d", name,
			   action == SPEC_ACT_ERRNO ? ERRNO_MAX : TRACE_MAX);
}

static void check_default(struct check *c, const struct spec_seccomp *seccomp)
{
	/* It would ask the listener about the very calls that hand the listener over. */
	if (seccomp->default_action == SPEC_ACT_NOTIFY)
		check_fail(c, "defaultAction: must not be SCMP_ACT_NOTIFY");
	check_errno(c, "defaultErrnoRet", seccomp->default_action, &seccomp->default_errno_ret);
}

static void check_architectures(struct check *c, const struct spec_seccomp *seccomp)
{
	int64_t value;
	for (size_t i = 0; i < seccomp->architectures.n; i++)
		check_known(c, check_name(c, "architectures[%zu]", i), spec_seccomp_arch_names,
			    seccomp->architectures.v[i], &value);
}

static void check_flags(struct check *c, const struct spec_seccomp *seccomp)
{
	int64_t value;
	for (size_t i = 0; i < seccomp->flags.n; i++)
		check_known(c, check_name(c, "flags[%zu]", i), spec_seccomp_flag_names,
			    seccomp->flags.v[i], &value);
}

static bool uses_notify(const struct spec_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->syscalls.n; i++)
		if (seccomp->syscalls.v[i].action == SPEC_ACT_NOTIFY)
			return true;
	return false;
}

static void check_listener(struct check *c, const struct spec_seccomp *seccomp)
{
	bool listener = !str_empty(seccomp->listener_path);
	if (!listener && uses_notify(seccomp))
		check_fail(c, "listenerPath: is missing, SCMP_ACT_NOTIFY needs it");
	if (!listener && !str_empty(seccomp->listener_metadata))
		check_fail(c, "listenerMetadata: needs listenerPath");
	/* It must be ignored where nothing is sent there. */
	if (listener && uses_notify(seccomp))
		check_absolute_path(c, "listenerPath", seccomp->listener_path);
}

static void check_rule_names(struct check *c, const struct spec_seccomp_rule *rule, size_t i)
{
	if (rule->names.n == 0)
		check_fail(c, "syscalls[%zu].names: at least one name is needed", i);
	for (size_t j = 0; j < rule->names.n; j++) {
		if (str_empty(rule->names.v[j]))
			check_fail(c, "syscalls[%zu].names[%zu]: must not be empty", i, j);
		/* A container's process hands the listener over under the filter: with sendmsg here, with
		 * write in runc, which refuses that one. */
		if (rule->action == SPEC_ACT_NOTIFY &&
		    (str_eq(rule->names.v[j], "write") || str_eq(rule->names.v[j], "sendmsg")))
			check_fail(
				c,
				"syscalls[%zu].names[%zu]: SCMP_ACT_NOTIFY is not possible for %s",
				i, j, rule->names.v[j]);
	}
}

static void check_rules(struct check *c, const struct spec_seccomp *seccomp)
{
	enum { ARGUMENT_MAX = 5 }; /* system calls have six */
	for (size_t i = 0; i < seccomp->syscalls.n; i++) {
		const struct spec_seccomp_rule *rule = &seccomp->syscalls.v[i];
		check_rule_names(c, rule, i);
		check_errno(c, check_name(c, "syscalls[%zu].errnoRet", i), rule->action,
			    &rule->errno_ret);
		for (size_t j = 0; j < rule->args.n; j++)
			if (rule->args.v[j].index > ARGUMENT_MAX)
				check_fail(
					c,
					"syscalls[%zu].args[%zu].index: must not be greater than %d",
					i, j, ARGUMENT_MAX);
	}
}

static void (*const seccomp_checks[])(struct check *c, const struct spec_seccomp *seccomp) = {
	check_default, check_architectures, check_flags, check_listener, check_rules,
};

void check_seccomp(struct check *c, const struct spec_seccomp *seccomp)
{
	for (size_t i = 0; i < ARRAY_SIZE(seccomp_checks); i++)
		seccomp_checks[i](c, seccomp);
}
