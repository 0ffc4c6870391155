/* SPDX-License-Identifier: Apache-2.0 */
/* See host.h. */
#include "sys/host.h"

void host_release(struct host *host)
{
	replace_fd(&host->rootfs, -1);
	replace_fd(&host->network, -1);
	replace_fd(&host->ids_lock, -1);
	for (size_t i = 0; i < ARRAY_SIZE(host->requested); i++)
		replace_fd(&host->requested[i], -1);
	for (size_t i = 0; i < host->n_sources; i++)
		replace_fd(&host->sources[i], -1);
	host->n_sources = 0;
}
