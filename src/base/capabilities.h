/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities by name and number (capabilities(7), linux/capability.h). */
#ifndef BASE_CAPABILITIES_H
#define BASE_CAPABILITIES_H

/* Number of "CAP_..." (any case, with or without the prefix as the specification's users write it:
 * only the full upper-case name is exact); -1 where unknown. Pure. */
int cap_number(const char *name);
const char *cap_name_of(int number); /* "CAP_CHOWN"; NULL above the last known */

#endif
