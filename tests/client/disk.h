/* SPDX-License-Identifier: MIT */
/*
 * A store as flat as a disk: every call changes the open transaction, commit() copies it over what is kept. It can die, with
 * the process, before or after any commit; from then on it takes nothing.
 */
#ifndef CLIENT_DISK_H
#define CLIENT_DISK_H

#include "client/client.h"

enum { DISK_RECORDS = 32, DISK_BYTES = 128, DISK_IDS = 32, DISK_LETTERS = 128 };

struct disk_record {
	int64_t  token; /* 0: free */
	uint64_t order; /* in flight: of sent(); 0: it waits */
	int64_t  queued_unix_ms;
	uint64_t queued_ms;
	uint32_t expiry_s;
	uint16_t id;
	uint8_t  level, state;
	bool     presence, want_done, fresh; /* fresh: queued_unix_ms is to be found at the next commit */
	size_t   size;
	uint8_t  bytes[DISK_BYTES];
};

struct disk_image {
	struct disk_record records[DISK_RECORDS];
	uint16_t           ids[DISK_IDS]; /* 0: free */
	uint64_t           order;
	struct store_facts facts;
	char               client_id[64], server[64];
	uint8_t            heard[DISK_LETTERS];    /* the application's own, in the same transaction: QoS 2 messages by payload */
	bool               accepted[DISK_LETTERS]; /* publish returned a token */
};

struct disk {
	struct store      store;
	struct disk_image now, kept;
	long commits;
	long dies_at; /* the commit at which the process dies; 0: none */
	bool dies_behind; /* when it is done, and not before it */
	bool dead;
	int  fails; /* so many commits fail */
	int  refuses; /* what waits() says */
	int  broken; /* what load() says after the first record */
};

void disk_init(struct disk *d);

/* Another process begins with what was kept. */
void disk_restart(struct disk *d);

/* Messages kept. */
size_t disk_count(const struct disk *d);

#endif
