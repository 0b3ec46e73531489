/* SPDX-License-Identifier: MIT */
/*
 * Packet identifier -> pointer, for as many as are in use: a hash table that grows with them.
 */
#ifndef SESSION_IDTABLE_H
#define SESSION_IDTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_slot {
	void    *value; /* NULL: free */
	uint16_t id;
};

struct idtable {
	struct id_slot *slots;
	uint32_t        size; /* a power of two, or 0 */
	uint32_t        count;
};

/* Frees the slots; the table is empty. */
void idtable_fini(struct idtable *t);

/* NULL where the id is not there. */
void *idtable_get(const struct idtable *t, uint16_t id);

/* value is not NULL and the id is not there. False: no memory, and the table is as it was. */
bool idtable_put(struct idtable *t, uint16_t id, void *value);

/* Another value for an id that is there. */
void idtable_change(struct idtable *t, uint16_t id, void *value);

/* Takes the id out and returns its value; NULL where it was not there. */
void *idtable_take(struct idtable *t, uint16_t id);

#endif
