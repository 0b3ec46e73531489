/* SPDX-License-Identifier: MIT */
/*
 * Writes the seed corpus of fuzz_decode from the golden packets: seeds DIRECTORY. One file for each packet, level and
 * side; its first byte tells the target which. Run it again when a golden packet is added.
 */
#include <stdio.h>
#include <stdlib.h>

#include "support/bytes.h"
#include "support/golden.h"

static void write_seed(const char *directory, size_t i, uint8_t level, unsigned server)
{
	struct bytes b = bytes_hex(golden_at(i)->hex);
	char         path[4096];
	snprintf(path, sizeof path, "%s/golden-%02zu-%d-%s", directory, i, level, server ? "server" : "client");
	FILE *file = fopen(path, "wb");
	if (!file || fputc((int)(level - LEVEL_31 + 3 * server), file) == EOF || fwrite(b.p, 1, b.n, file) != b.n ||
	    fclose(file) != 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	bytes_free(&b);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return EXIT_FAILURE;
	}
	for (size_t i = 0; i < golden_count(); i++) {
		const struct golden *g = golden_at(i);
		for (uint8_t level = LEVEL_31; level <= LEVEL_5; level++)
			if (g->levels & 1u << level)
				write_seed(argv[1], i, level, g->sides & FROM_SERVER ? 1 : 0);
	}
	return EXIT_SUCCESS;
}
