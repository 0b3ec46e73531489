/* SPDX-License-Identifier: MIT */
/*
 * libwslay's frame interface reads heads and masks; what a client may be sent is checked here. Its context holds 4 KiB, so that
 * connections borrow one only while a frame is half read: between frames all that is known is in struct incoming.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <mqttwill.h>
#include <wslay/wslay.h>

#include "net/websocket_internal.h"

enum { KEYS = 64, STOPPED = 1 }; /* random bytes to mask sixteen frames with, for one system call */

struct frames {
	wslay_frame_context_ptr wslay;
	const uint8_t *from; /* what wslay may read */
	size_t         from_len;
	size_t         held; /* bytes that wslay has taken and not told of */
	uint8_t       *to;   /* where it writes */
	size_t         to_len;
	uint8_t        keys[KEYS];
	size_t         keys_left;
	bool           reading; /* what is written meanwhile does not give it back */
	uint8_t        type; /* of the frame that is half read */
	uint8_t        control[CONTROL_PAYLOAD];
	uint8_t        control_len;
};

/* ---- What wslay calls ---- */

static ssize_t on_recv(uint8_t *buf, size_t len, int flags, void *user)
{
	struct frames *f = user;
	size_t         n = f->from_len < len ? f->from_len : len;
	(void)flags;
	if (n == 0)
		return -1;
	memcpy(buf, f->from, n);
	f->from += n;
	f->from_len -= n;
	f->held += n;
	return (ssize_t)n;
}

static ssize_t on_send(const uint8_t *data, size_t len, int flags, void *user)
{
	struct frames *f = user;
	(void)flags;
	memcpy(f->to + f->to_len, data, len);
	f->to_len += len;
	return (ssize_t)len;
}

static bool has_key(struct frames *f)
{
	if (f->keys_left == 0 && getrandom(f->keys, sizeof f->keys, GRND_NONBLOCK) == sizeof f->keys)
		f->keys_left = sizeof f->keys;
	return f->keys_left > 0;
}

static int on_mask(uint8_t *buf, size_t len, void *user)
{
	struct frames *f = user;
	f->keys_left -= len;
	memcpy(buf, f->keys + f->keys_left, len);
	return 0;
}

/* ---- Borrowing ---- */

static _Atomic(struct frames *) spare; /* one for the process, so that borrowing costs no allocation */

static void frames_free(struct frames *f)
{
	if (f)
		wslay_frame_context_free(f->wslay);
	free(f);
}

static struct frames *frames_new(void)
{
	static const struct wslay_frame_callbacks callbacks = {on_send, on_recv, on_mask};
	struct frames                            *f = calloc(1, sizeof *f);
	if (f && wslay_frame_context_init(&f->wslay, &callbacks, f) == 0)
		return f;
	free(f);
	return NULL;
}

static struct frames *borrow(struct incoming *in)
{
	if (!in->frames)
		in->frames = atomic_exchange(&spare, NULL);
	if (!in->frames)
		in->frames = frames_new();
	return in->frames;
}

static bool is_between_frames(const struct incoming *in)
{
	return !in->frames->reading && in->frames->held == 0 && in->left == 0;
}

static void give_back_between_frames(struct incoming *in)
{
	if (!in->frames || !is_between_frames(in))
		return;
	frames_free(atomic_exchange(&spare, in->frames));
	in->frames = NULL;
}

void frames_drop(struct incoming *in)
{
	frames_free(in->frames);
	in->frames = NULL;
}

/*
 * Where there is no static libwslay, the installed static library has weak references to it (install-exec-hook in Makefile.am): a
 * program that is linked without it does without WebSocket. The compiler must not know better.
 */
static int (*const volatile linked)(wslay_frame_context_ptr *, const struct wslay_frame_callbacks *, void *) = wslay_frame_context_init;

int websocket_available(struct pipe_error *error)
{
	if (linked)
		return 0;
	return pipe_fail(error, MQTTWILL_EUNSUPPORTED, "websocket: this program was linked without libwslay");
}

/* ---- Reading ---- */

struct decoding {
	struct incoming   *in;
	struct frames     *f;
	uint8_t           *payload;
	size_t            *payload_len;
	frames_control_fn *control;
	void              *user;
	const char       **problem;
};

static int wrong(struct decoding *d, int code, const char *problem)
{
	*d->problem = problem;
	return code;
}

/* [RFC 6455, 5.1, 5.2, 5.4], [MQTT-6.0.0-1] */
static int check_head(struct decoding *d, const struct wslay_frame_iocb *head)
{
	bool data = head->opcode <= FRAME_BINARY;
	if (head->rsv)
		return wrong(d, CLOSE_PROTOCOL, "a frame has reserved bits set");
	if (head->mask)
		return wrong(d, CLOSE_PROTOCOL, "a frame is masked, as only a client's are");
	if (head->opcode > FRAME_PONG || (!data && head->opcode < FRAME_CLOSE))
		return wrong(d, CLOSE_PROTOCOL, "a frame has an unknown opcode");
	if (data && (head->opcode == WSLAY_CONTINUATION_FRAME) != d->in->going_on)
		return wrong(d, CLOSE_PROTOCOL,
		             d->in->going_on ? "a message begins within another" : "a frame continues a message that has not begun");
	if (head->opcode == WSLAY_TEXT_FRAME)
		return wrong(d, CLOSE_DATA, "a text frame; MQTT travels in binary ones");
	if (data)
		d->in->going_on = !head->fin;
	return 0;
}

static size_t head_size(const struct wslay_frame_iocb *head)
{
	return 2u + (head->payload_length > UINT16_MAX ? 8 : head->payload_length > CONTROL_PAYLOAD ? 2 : 0);
}

static bool take_control(struct decoding *d, const struct wslay_frame_iocb *part)
{
	struct frames *f = d->f;
	memcpy(f->control + f->control_len, part->data, part->data_length);
	f->control_len = (uint8_t)(f->control_len + part->data_length);
	if (d->in->left)
		return true;
	uint8_t n = f->control_len;
	f->control_len = 0;
	return d->control(d->user, (enum frame_type)f->type, f->control, n);
}

/* What wslay hands over: a head with the first of its payload, or more of the payload. [MQTT-6.0.0-2] */
static int take_part(struct decoding *d, const struct wslay_frame_iocb *part, bool begins)
{
	int rc = begins ? check_head(d, part) : 0;
	if (rc)
		return rc;
	if (begins) {
		d->in->left = part->payload_length;
		d->f->type = part->opcode;
		d->f->held -= head_size(part);
	}
	d->in->left -= part->data_length;
	d->f->held -= part->data_length;
	if (d->f->type >= FRAME_CLOSE) {
		return take_control(d, part) ? 0 : STOPPED;
	}
	/* wslay has a copy of its own; no more is written here than it has taken */
	memcpy(d->payload + *d->payload_len, part->data, part->data_length);
	*d->payload_len += part->data_length;
	return 0;
}

int frames_decode(struct incoming *in, uint8_t *bytes, size_t n, size_t *payload, frames_control_fn *control, void *user,
                  const char **problem)
{
	struct decoding d = {in, borrow(in), bytes, payload, control, user, problem};
	int             rc = 0;
	*payload = 0;
	if (!d.f)
		return wrong(&d, MQTTWILL_ENOMEM, "there is no memory for its frames");
	d.f->reading = true;
	d.f->from = bytes;
	d.f->from_len = n;
	while (rc == 0) {
		struct wslay_frame_iocb part = {0};
		bool                    begins = in->left == 0;
		ssize_t                 got = wslay_frame_recv(d.f->wslay, &part);
		if (got == WSLAY_ERR_WANT_READ)
			break;
		rc = got < 0 ? wrong(&d, CLOSE_PROTOCOL, "a frame's head is malformed") : take_part(&d, &part, begins);
	}
	d.f->reading = false;
	if (rc == 0)
		give_back_between_frames(in);
	return rc == STOPPED ? 0 : rc;
}

/* ---- Writing ---- */

size_t frames_encode(struct incoming *in, uint8_t *to, enum frame_type type, const void *bytes, size_t n)
{
	struct frames          *f = borrow(in);
	struct wslay_frame_iocb frame = {
		.fin = 1,
		.opcode = (uint8_t)type,
		.payload_length = n,
		.mask = 1,
		.data = bytes,
		.data_length = n,
	};
	if (!f || !has_key(f))
		return 0;
	f->to = to;
	f->to_len = 0;
	wslay_frame_send(f->wslay, &frame); /* all of it: on_send() takes everything */
	size_t len = f->to_len;
	give_back_between_frames(in);
	return len;
}
