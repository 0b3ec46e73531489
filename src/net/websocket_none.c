/* SPDX-License-Identifier: MIT */
/*
 * Stands in for WebSocket in a build without libwslay: asking for it is an error that says so.
 */
#include <mqttwill.h>

#include "net/websocket.h"

int websocket_available(struct pipe_error *error)
{
	return pipe_fail(error, MQTTWILL_EUNSUPPORTED, "websocket: this library was built without libwslay");
}

struct pipe *websocket_new(struct pipe *below, const struct websocket_config *config)
{
	(void)config;
	websocket_available(below->error);
	return NULL;
}
