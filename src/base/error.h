/* SPDX-License-Identifier: MIT */
/*
 * Names and texts of the error codes of <mqttwill.h>, made from its one table.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/* "MQTTWILL_EURL"; "MQTTWILL_OK" for 0 and above; "unknown" for a number that is no error. */
const char *error_name(int error);

/* "the URL cannot be used": no capital, no full stop. */
const char *error_text(int error);

#endif
