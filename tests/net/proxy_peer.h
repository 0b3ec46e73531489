/* SPDX-License-Identifier: MIT */
/*
 * A pipe that plays a proxy from a script and stutters: what is asked is compared byte by byte, answers come in pieces, end or break
 * at any byte, or never come.
 */
#ifndef NET_PROXY_PEER_H
#define NET_PROXY_PEER_H

#include <check.h>

#include "net/proxy.h"

enum { BEGIN_MS = 5000, TIMEOUT_MS = 700 };

struct bytes_of {
	const char *p;
	size_t      n;
};

#define BYTES(text) {text, sizeof(text) - 1}

/* What is asked, and what is answered then. */
struct turn {
	struct bytes_of asks, answers;
};

struct script {
	const char *proxy, *server; /* URLs */
	struct turn turns[4];
	size_t      behind; /* bytes at the end of the last answer that are the server's */
};

struct peer {
	struct pipe          pipe;
	const struct script *script;
	size_t               turn, asked, answered;
	size_t               total, most; /* bytes answered in all; after `most` of them it ends */
	size_t               grain;
	unsigned             calls;
	bool                 resets, deaf, closed, opened;
	int                  open_rc;
	char                 late[32]; /* what was written after the script */
};

struct scene {
	struct pipe_error error;
	struct peer       peer;
	struct url        by, to;
	struct pipe      *pipe;
};

/* A filter above a peer that takes and gives `grain` bytes at most. */
void scene_begin(struct scene *s, const struct script *script, size_t grain);

/* Goes on as long as there is anything that can go on. */
int scene_open_all(struct scene *s);

void scene_end(struct scene *s);

#endif
