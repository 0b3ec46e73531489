/* SPDX-License-Identifier: MIT */
/*
 * When a will is published: the whole of the rule. d is the Will Delay Interval (absent: 0; 3.x: 0), n the Session
 * Expiry Interval in force (3.x: 0 with Clean Session 1, otherwise never), T0 the moment the network connection ends,
 * and E the end of the session: T0 where n is 0, T0 + n where it is more, none where it is 0xFFFFFFFF.
 *
 * 1. It exists from the moment a CONNECT with Will Flag 1 is accepted [MQTT-3.1.2-7].
 * 2. A valid DISCONNECT 0x00 of the client deletes it, in 3.x any DISCONNECT [MQTT-3.14.4-3], [MQTT-3.1.2-10].
 * 3. Otherwise it is published once, at min(T0 + d, E), never earlier [MQTT-3.1.2-8].
 * 4. If before that an accepted CONNECT resumes the session, it is cancelled for good [MQTT-3.1.3-9]. A CONNECT with
 *    Clean Start 1 ends the session, so that it is published now.
 * 5. Publication and cancellation remove it from the session [MQTT-3.1.2-10].
 * 6. A DISCONNECT that breaks a rule is an error and no DISCONNECT: it deletes nothing (link.c sees to that).
 * 7. 3.x is the case d = 0, so that nothing cancels.
 * 8. It is published with its properties but without 0x18, and its message expiry begins then (message.c).
 */
#ifndef BROKER_WILL_H
#define BROKER_WILL_H

#include "broker/core.h"

/* Rule 1. Takes over the caller's hold on the message; NULL for a CONNECT without a will. */
void will_store(struct session *s, struct message *message, uint32_t delay_s, uint64_t now_ms);

/* Rule 2. */
void will_delete(struct session *s, uint64_t now_ms);

/* Rule 3: the network connection has ended now, with the session's expiry interval settled. */
void will_connection_ended(struct session *s, uint64_t now_ms);

/* Rule 4, where the session goes on. */
void will_cancel(struct session *s, uint64_t now_ms);

/* Rule 3 and rule 4, where the session ends. */
void will_session_ended(struct session *s, uint64_t now_ms);

/* Leaves the session now, and is published then: for bugs.h alone. */
void will_leave_late(struct session *s, uint64_t at_ms);
void will_late_fire(struct timer *t, uint64_t now_ms);

/* The timer's call: it is due. */
void will_fire(struct timer *t, uint64_t now_ms);

#endif
