/* SPDX-License-Identifier: MIT */
/*
 * The small parts of the ground floor: the list, the arena, big-endian bytes and the error table.
 */
#include <check.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include <mqttwill.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/list.h"
#include "base/pool.h"
#include "support/alloc.h"
#include "unit/suites.h"

struct item {
	int         value;
	struct list node;
};

START_TEST(a_list_keeps_the_order_of_pushing)
{
	struct list head;
	struct item items[3] = {{.value = 2}, {.value = 3}, {.value = 1}};
	list_init(&head);
	ck_assert(list_empty(&head));
	ck_assert_ptr_null(list_first(&head));
	list_push(&head, &items[0].node);
	list_push(&head, &items[1].node);
	list_push_front(&head, &items[2].node);
	int expected = 1;
	for (struct list *l = head.next; l != &head; l = l->next)
		ck_assert_int_eq(list_entry(l, struct item, node)->value, expected++);
	ck_assert_int_eq(expected, 4);
	ck_assert_ptr_eq(list_first(&head), &items[2].node);
}
END_TEST

START_TEST(a_node_is_inserted_before_another)
{
	struct list head, a, b, c;
	list_init(&head);
	list_push(&head, &a);
	list_push(&head, &c);
	list_insert(&b, &c);
	ck_assert_ptr_eq(a.next, &b);
	ck_assert_ptr_eq(b.next, &c);
	ck_assert_ptr_eq(c.prev, &b);
	ck_assert_ptr_eq(b.prev, &a);
}
END_TEST

START_TEST(a_node_can_be_removed_twice_and_pushed_again)
{
	struct list head, a, b;
	list_init(&head);
	list_push(&head, &a);
	list_push(&head, &b);
	list_remove(&a);
	list_remove(&a);
	ck_assert(list_empty(&a));
	ck_assert_ptr_eq(list_first(&head), &b);
	list_push(&head, &a);
	ck_assert_ptr_eq(head.prev, &a);
	list_remove(&b);
	list_remove(&a);
	ck_assert(list_empty(&head));
}
END_TEST

static int secrets; /* in what is freed */

static void look_for_secret(const void *p)
{
	secrets += p && memmem(p, 256, "pass word", 9) != NULL;
}

START_TEST(what_was_in_an_arena_is_wiped)
{
	struct arena a;
	secrets = 0;
	arena_init(&a);
	ck_assert_str_eq(arena_text(&a, "pass word", 0), "pass word");
	alloc_look(look_for_secret);
	arena_fini(&a);
	alloc_look(NULL);
	ck_assert_int_eq(secrets, 0);
}
END_TEST

START_TEST(an_arena_copies_and_terminates)
{
	struct arena a;
	arena_init(&a);
	char *text = arena_text(&a, "lamp", 0);
	char *part = arena_text(&a, "lamp-7/status", 6);
	char *zero = arena_copy(&a, "a\0b", 3);
	char *none = arena_copy(&a, "", 0);
	ck_assert_str_eq(text, "lamp");
	ck_assert_str_eq(part, "lamp-7");
	ck_assert_mem_eq(zero, "a\0b\0", 4);
	ck_assert_str_eq(none, "");
	ck_assert_ptr_null(arena_copy(&a, NULL, 5));
	ck_assert_ptr_null(arena_text(&a, NULL, 0));
	ck_assert(!a.failed);
	arena_fini(&a);
}
END_TEST

START_TEST(an_arena_gives_zeroed_and_aligned_memory_of_any_size)
{
	struct arena a;
	uint8_t      zeroes[3000] = {0};
	arena_init(&a);
	for (size_t i = 0; i < 4 * 400; i++) {
		size_t   size = i % 4 ? i / 4 : 1; /* each after the smallest, so that they share blocks */
		uint8_t *p = arena_alloc(&a, size);
		if (!p || (uintptr_t)p % alignof(max_align_t) || memcmp(p, zeroes, size) != 0)
			ck_abort_msg("%zu bytes at %p", size, (void *)p);
		memset(p, 0xAA, size);
	}
	arena_fini(&a);
	ck_assert_ptr_null(a.blocks);
}
END_TEST

START_TEST(small_copies_share_a_block)
{
	struct arena a;
	bool         ok = true;
	arena_init(&a);
	alloc_fail(0);
	for (int i = 0; i < 160; i++)
		ok &= arena_text(&a, "text", 0) != NULL;
	alloc_stop();
	ck_assert(ok);
	ck_assert_int_eq(alloc_count(), 10);
	arena_fini(&a);
}
END_TEST

START_TEST(an_arena_that_failed_says_so_until_it_is_freed)
{
	struct arena a;
	arena_init(&a);
	char *first = arena_text(&a, "first", 0);
	alloc_fail(1);
	ck_assert_ptr_null(arena_alloc(&a, 5000));
	ck_assert(alloc_stop());
	ck_assert(a.failed);
	ck_assert_ptr_null(arena_text(&a, "x", 0));
	ck_assert_str_eq(first, "first");
	arena_fini(&a);
	ck_assert(!a.failed);
	ck_assert_str_eq(arena_text(&a, "again", 0), "again");
	arena_fini(&a);
}
END_TEST

START_TEST(an_arena_fails_on_sizes_that_would_overflow)
{
	static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX / 2 + 1};
	struct arena        a;
	arena_init(&a);
	ck_assert_ptr_null(arena_alloc(&a, sizes[_i]));
	ck_assert(a.failed);
	arena_fini(&a);
	arena_init(&a);
	ck_assert_ptr_null(arena_copy(&a, "x", sizes[_i]));
	ck_assert(a.failed);
	arena_fini(&a);
}
END_TEST

START_TEST(integers_are_big_endian)
{
	uint8_t b[6];
	ck_assert_ptr_eq(put_u16(b, 0x1F234), b + 2);
	ck_assert_ptr_eq(put_u32(b + 2, 0x89ABCDEF), b + 6);
	ck_assert_mem_eq(b, "\xF2\x34\x89\xAB\xCD\xEF", 6);
	ck_assert_uint_eq(get_u16(b), 0xF234);
	ck_assert_uint_eq(get_u32(b + 2), 0x89ABCDEF);
	ck_assert_ptr_eq(put_bytes(b, NULL, 0), b);
	ck_assert_ptr_eq(put_bytes(b, "ab", 2), b + 2);
	ck_assert_mem_eq(b, "ab", 2);
}
END_TEST

START_TEST(a_text_has_the_length_given_or_ends_at_its_nul)
{
	ck_assert_uint_eq(span_text("lamp", 0).n, 4);
	ck_assert_uint_eq(span_text("la\0mp", 5).n, 5);
	ck_assert_uint_eq(span_text("", 0).n, 0);
	ck_assert_ptr_nonnull(span_text("", 0).p);
	ck_assert_uint_eq(span_text(NULL, 5).n, 0);
	ck_assert_ptr_null(span_text(NULL, 0).p);
}
END_TEST

static const struct {
	int         value;
	const char *name;
} errors[] = {
#define ROW(name, value, text) {MQTTWILL_##name, "MQTTWILL_" #name},
	MQTTWILL_ERROR_MAP(ROW)
#undef ROW
};
enum { ERRORS = sizeof errors / sizeof errors[0] };

START_TEST(every_error_has_a_number_a_name_and_a_text_of_its_own)
{
	int value = errors[_i].value;
	ck_assert_int_lt(value, 0);
	ck_assert_str_eq(error_name(value), errors[_i].name);
	const char *text = error_text(value);
	ck_assert_uint_gt(strlen(text), 5);
	ck_assert_msg(text[0] < 'A' || text[0] > 'Z', "\"%s\" begins with a capital", text);
	ck_assert_msg(text[strlen(text) - 1] != '.', "\"%s\" ends with a full stop", text);
	for (int i = 0; i < ERRORS; i++)
		ck_assert_msg(i == _i || (value != errors[i].value && strcmp(text, error_text(errors[i].value)) != 0),
		              "%s and %s are alike", errors[_i].name, errors[i].name);
}
END_TEST

START_TEST(a_pool_gives_a_block_of_about_the_size_again_and_keeps_no_more_than_its_ceiling)
{
	enum { BLOCKS = 100 };
	struct pool p = {0};
	uint8_t     class[BLOCKS], other;
	void       *block[BLOCKS], *again, *huge = pool_take(&p, 100000, &other);
	ck_assert_uint_eq(other, POOL_NONE);
	pool_give(&p, huge, other);
	for (size_t i = 0; i < BLOCKS; i++)
		block[i] = memset(pool_take(&p, 1000 + i % 20, &class[i]), 1, 1000 + i % 20);
	for (size_t i = 0; i < BLOCKS; i++)
		pool_give(&p, block[i], class[i]);
	ck_assert_uint_eq(p.kept_bytes, POOL_KEPT_MAX);
	again = pool_take(&p, 1024, &other);
	ck_assert_ptr_eq(again, block[63]); /* the last one that was kept */
	free(again); /* they are malloc()'s own */
	again = pool_take(&p, 2000, &other);
	ck_assert_uint_eq(other, class[0] + 1);
	pool_give(&p, again, other);
	pool_relax(&p);
	ck_assert_uint_eq(p.kept_bytes, 0);
	for (size_t i = 0; i < POOL_CLASSES; i++)
		ck_assert_ptr_null(p.kept[i]);
}
END_TEST

START_TEST(success_and_unknown_numbers_have_texts_too)
{
	ck_assert_str_eq(error_name(0), "MQTTWILL_OK");
	ck_assert_str_eq(error_text(0), "success");
	ck_assert_str_eq(error_name(MQTTWILL_PENDING), "MQTTWILL_PENDING");
	ck_assert_str_eq(error_name(-9999), "unknown");
	ck_assert_str_eq(error_text(-9999), "unknown error");
}
END_TEST

Suite *base_suite(void)
{
	Suite *s = suite_create("base");
	TCase *tc = tcase_create("base");
	tcase_add_test(tc, a_list_keeps_the_order_of_pushing);
	tcase_add_test(tc, a_node_is_inserted_before_another);
	tcase_add_test(tc, a_node_can_be_removed_twice_and_pushed_again);
	tcase_add_test(tc, an_arena_copies_and_terminates);
	tcase_add_test(tc, what_was_in_an_arena_is_wiped);
	tcase_add_test(tc, an_arena_gives_zeroed_and_aligned_memory_of_any_size);
	tcase_add_test(tc, small_copies_share_a_block);
	tcase_add_test(tc, an_arena_that_failed_says_so_until_it_is_freed);
	tcase_add_loop_test(tc, an_arena_fails_on_sizes_that_would_overflow, 0, 4);
	tcase_add_test(tc, a_pool_gives_a_block_of_about_the_size_again_and_keeps_no_more_than_its_ceiling);
	tcase_add_test(tc, integers_are_big_endian);
	tcase_add_test(tc, a_text_has_the_length_given_or_ends_at_its_nul);
	tcase_add_loop_test(tc, every_error_has_a_number_a_name_and_a_text_of_its_own, 0, ERRORS);
	tcase_add_test(tc, success_and_unknown_numbers_have_texts_too);
	suite_add_tcase(s, tc);
	return s;
}
