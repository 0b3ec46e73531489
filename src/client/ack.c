/* SPDX-License-Identifier: MIT */
/*
 * Acknowledgements that the application gives.
 */
#include "client/internal.h"

static int check_reason(struct client *c, uint8_t reason)
{
	if (reason == 0)
		return 0;
	if (c->level != LEVEL_5)
		return client_fail(c, MQTTWILL_EUNSUPPORTED, "ack: a reason code other than 0 needs MQTT 5 (3.4.2.1)");
	if (reason < REASON_FAILURE || !reason_legal(PACKET_PUBACK, FROM_CLIENT, reason))
		return client_fail(c, MQTTWILL_EINVAL, "ack: reason_code 0x%02x is neither 0 nor an error that a client may put into "
		                                       "PUBACK and PUBREC (MQTT-3.4.2-1, MQTT-3.5.2-1)", reason);
	return 0;
}

static int explain(struct client *c, int rc)
{
	if (rc == MQTTWILL_ESTATE)
		return client_fail(c, rc, "ack: the message came on an earlier connection; the broker sends it again where it keeps the session");
	if (rc == MQTTWILL_EINVAL)
		return client_fail(c, rc, "ack: no message waits under this handle: it was acknowledged already, or never given out");
	return rc < 0 ? client_fail(c, rc, "ack: no memory for the acknowledgement") : 0;
}

int client_ack(struct client *c, int64_t ack, uint8_t reason)
{
	if (!(c->config.flags & MQTTWILL_MANUAL_ACK))
		return client_fail(c, MQTTWILL_ESTATE, "ack: the option flags does not have MQTTWILL_MANUAL_ACK; messages are acknowledged "
		                                       "when their callback returns");
	int rc = check_reason(c, reason);
	if (rc < 0 || ack == 0)
		return rc;
	if (ack > 0 && !c->session)
		return explain(c, MQTTWILL_ESTATE);
	rc = ack < 0 ? MQTTWILL_EINVAL : session_settle(c->session, ack, reason);
	if (rc == 0)
		driver_kick(c);
	return explain(c, rc);
}
