/* SPDX-License-Identifier: MIT */
/*
 * A main() for a fuzz target where there is no fuzzer: runs it once over each file, and each file of a directory, that
 * is named. Any finding ends the program, as it would end the fuzzer.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 1 << 20 };

static int replay_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		return -1;
	}
	uint8_t *data = malloc(LARGEST);
	size_t   n = data ? fread(data, 1, LARGEST, file) : 0;
	fclose(file);
	uint8_t *exact = malloc(n ? n : 1);
	for (size_t i = 0; exact && i < n; i++)
		exact[i] = data[i];
	free(data);
	if (exact)
		LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return exact ? 0 : -1;
}

/* The number of files, or -1. */
static long replay_directory(DIR *dir, const char *name)
{
	long           count = 0;
	struct dirent *entry;
	while ((entry = readdir(dir)) != NULL) {
		char path[4096];
		int  n = snprintf(path, sizeof path, "%s/%s", name, entry->d_name);
		if (entry->d_name[0] == '.')
			continue;
		if (n >= (int)sizeof path || replay_file(path) != 0)
			return -1;
		count++;
	}
	return count;
}

int main(int argc, char **argv)
{
	long total = 0;
	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		long count = dir ? replay_directory(dir, argv[i]) : replay_file(argv[i]) == 0 ? 1 : -1;
		if (dir)
			closedir(dir);
		if (count < 0)
			return EXIT_FAILURE;
		total += count;
	}
	if (total == 0) {
		fprintf(stderr, "usage: %s DIRECTORY...\n", argv[0]);
		return EXIT_FAILURE;
	}
	printf("ok - %ld inputs of %s\n", total, argv[0]);
	return EXIT_SUCCESS;
}
