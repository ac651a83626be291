// SPDX-License-Identifier: GPL-2.0
/*
 * preads FILE COPY SEED COUNT - COUNT pread()s of FILE, opened once, at random offsets and of random sizes give what COPY, read
 * from its beginning to its end, has there. Exit status: 0 if they do, 1 if one does not (which, on stderr), 2 if there is an error.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char copy[8 << 20], got[10000];

int main(int argc, char **argv)
{
	ssize_t size;
	long i, count;
	int fd;

	if (argc != 5)
		errx(2, "usage: preads FILE COPY SEED COUNT");
	fd = open(argv[2], O_RDONLY);
	size = fd < 0 ? -1 : read(fd, copy, sizeof(copy));
	if (size <= 0 || size == sizeof(copy))
		err(2, "%s", argv[2]);
	fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		err(2, "%s", argv[1]);

	srandom(atoi(argv[3]));
	count = atol(argv[4]);
	for (i = 0; i < count; i++) {
		/* One in eight is at the end or behind it. */
		off_t offset = random() % (size + size / 8);
		ssize_t want = 1 + random() % sizeof(got), n = pread(fd, got, want, offset);
		ssize_t left = offset < size ? size - offset : 0;

		if (n < 0)
			err(2, "%s at %ld", argv[1], (long)offset);
		/* The file system may give less than there is, but not nothing. */
		if (n > left || (left && !n) || memcmp(got, copy + offset, n))
			errx(1, "pread %ld, %zd bytes at %ld, gives %zd others", i, want, (long)offset, n);
	}
	return 0;
}
