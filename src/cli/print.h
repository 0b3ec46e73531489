/* SPDX-License-Identifier: MIT */
/*
 * Messages on stdout: a line for people, or a JSON object for programs. Nothing that a broker sends can break the line or
 * steer the terminal.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <mqttwill.h>

/*
 * A C string or bytes as they are where they are printable UTF-8; control characters as \n, \t, \x1b, \u202e, and \ as \\.
 * Bytes that are not are hex:00ff, and a text that begins with hex: or text: has text: before it.
 */
void print_text(FILE *out, const char *text);
void print_bytes(FILE *out, const void *bytes, size_t n);

/* "2026-11-22T19:00:00.123 TOPIC PAYLOAD qos=1 retain=0", and with `all` the properties as NAME=VALUE. */
void print_line(FILE *out, int64_t unix_ms, const struct mqttwill_message *m, bool all);

/* One JSON object and a newline. What is not UTF-8 becomes hexadecimal in a member that ends in "_hex". */
void print_json(FILE *out, int64_t unix_ms, const struct mqttwill_message *m);

/* BEFORE"name":"text" of an object. */
void print_json_member(FILE *out, const char *before, const char *name, const void *bytes, size_t n);
void print_json_text(FILE *out, const char *before, const char *name, const char *text);

/* A C string as XML and HTML want it. What is no character there becomes a question mark. */
void print_xml(FILE *out, const char *text);

#endif
