/* SPDX-License-Identifier: Apache-2.0 */
/* See names.h. */
#include "boot/common/names.h"

#include <string.h>
#include <unistd.h>

int set_names(const struct plan *plan, struct err *e)
{
	if (plan->hostname && sethostname(plan->hostname, strlen(plan->hostname)) < 0)
		return fail_sys(e, "set the host name '%s'", plan->hostname);
	if (plan->domainname && setdomainname(plan->domainname, strlen(plan->domainname)) < 0)
		return fail_sys(e, "set the domain name '%s'", plan->domainname);
	return 0;
}
