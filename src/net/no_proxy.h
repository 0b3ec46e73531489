/* SPDX-License-Identifier: MIT */
/*
 * The list of hosts that are reached without a proxy, as no_proxy has it: names, which stand for all names below them, too; IP
 * addresses and blocks of them; "*". An entry may have a port.
 */
#ifndef NET_NO_PROXY_H
#define NET_NO_PROXY_H

#include <stdbool.h>
#include <stddef.h>

/* Is the list one? Otherwise *offset and *problem are about its first entry that can be nothing of that kind. */
bool no_proxy_check(const char *list, size_t *offset, const char **problem);

/* Does it have host and port? Entries that no_proxy_check() refuses have none. NULL is an empty list. */
bool no_proxy_has(const char *list, const char *host, const char *port);

#endif
