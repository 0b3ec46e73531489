/* SPDX-License-Identifier: MIT */
/*
 * Every error of libmqttwill: one table makes the enumeration, the names and the texts. mqttwill_errors(3) explains each.
 * Included by <mqttwill.h>.
 */
#ifndef MQTTWILL_ERROR_H
#define MQTTWILL_ERROR_H

/* Below 0, grouped by who must act: X(NAME, value, "text") */
#define MQTTWILL_ERROR_MAP(X)                                                                                          \
	/* the caller */                                                                                               \
	X(EINVAL, -1, "an argument is missing or out of range")                                                        \
	X(ESTATE, -2, "the call does not fit the client's present state")                                              \
	X(EOPTION, -3, "an option is wrong")                                                                           \
	X(EURL, -4, "the URL cannot be used")                                                                          \
	X(EWILL, -5, "the will breaks a rule of MQTT")                                                                 \
	X(ETOPIC, -6, "the topic breaks a rule of MQTT")                                                               \
	X(EMESSAGE, -7, "the message breaks a rule of MQTT")                                                           \
	X(EFULL, -8, "the queue is full")                                                                              \
	X(ETOOBIG, -9, "the packet is larger than allowed")                                                            \
	X(ECANCELED, -10, "cancelled")                                                                                 \
	X(ETIMEOUT, -11, "the deadline passed")                                                                        \
	X(ENOMEM, -12, "out of memory")                                                                                \
	X(ESYSTEM, -13, "the operating system refused")                                                                \
	X(EUNSUPPORTED, -14, "this build, this protocol version or this broker cannot do that")                                     \
	X(EDROPPED, -15, "the full queue let go of it, as its policy says")                                            \
	X(EEXPIRED, -16, "it expired before it could be sent")                                                         \
	/* the network */                                                                                              \
	X(ERESOLVE, -20, "the host name was not resolved")                                                             \
	X(ECONNECT, -21, "no connection to the broker's address")                                                      \
	X(ELOST, -22, "the connection was lost")                                                                       \
	X(ESILENT, -23, "the broker fell silent")                                                                      \
	X(ETLS, -24, "the TLS handshake failed")                                                                       \
	X(ECERT, -25, "the broker's certificate is not trusted")                                                       \
	X(EPROXY, -26, "the proxy did not let the connection through")                                                 \
	X(EWEBSOCKET, -27, "the WebSocket handshake failed")                                                           \
	/* the broker */                                                                                               \
	X(EREFUSED, -40, "the broker refused the connection")                                                          \
	X(EAUTH, -41, "the broker refused the credentials")                                                            \
	X(EBUSY, -42, "the broker is busy or unavailable")                                                             \
	X(EVERSION, -43, "the broker does not speak this protocol version")                                            \
	X(EWILLREFUSED, -44, "the broker refused the will")                                                            \
	X(EKICKED, -45, "the broker ended the connection")                                                             \
	X(ETAKENOVER, -46, "another client with the same client id took the session over")                             \
	X(EPROTOCOL, -47, "the broker broke the protocol")                                                             \
	X(EDENIED, -48, "the broker refused the request")                                                              \
	X(EBIRTH, -49, "the broker refused the birth message")                                                         \
	X(EWATCH, -50, "the status topic cannot be watched")                                                           \
	X(EMOVED, -51, "the broker names another server")

enum mqttwill_error {
	MQTTWILL_OK = 0,
#define MQTTWILL_ERROR_ENUM(name, value, text) MQTTWILL_##name = (value),
	MQTTWILL_ERROR_MAP(MQTTWILL_ERROR_ENUM)
#undef MQTTWILL_ERROR_ENUM
	MQTTWILL_PENDING = 1 /* not an error: it holds from the next CONNECT on */
};

#endif
