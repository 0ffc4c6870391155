/* SPDX-License-Identifier: Apache-2.0 */
/* refuse ERRNO CALL[,CALL]... COMMAND...: run a command whose calls of these names are answered with an error, as an older
 * engine's profile does with what it does not know. */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 4 || !filter)
		return 125;
	for (char *name = strtok(argv[2], ","); name; name = strtok(NULL, ",")) {
		int number = seccomp_syscall_resolve_name(name);
		if (number == __NR_SCMP_ERROR ||
		    seccomp_rule_add(filter, SCMP_ACT_ERRNO((unsigned)atoi(argv[1])), number, 0) <
			    0)
			return 125;
	}
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	if (seccomp_load(filter) < 0)
		return 125;
	execvp(argv[3], argv + 3);
	return 126;
}
