/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp IN OUT: a TCP connection over the loopback link with both ends in this process. What is written into IN,
 * a FIFO, goes through the connection and then into OUT. System calls that a restore has interrupted are made again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int check(int rc, const char *what)
{
	if (rc < 0) {
		perror(what);
		exit(1);
	}
	return rc;
}

static ssize_t read_again(int fd, char *buffer, size_t size)
{
	ssize_t n;

	do
		n = read(fd, buffer, size);
	while (n < 0 && errno == EINTR);
	return n;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(4711) };
	int listening = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	int here = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	char buffer[4096];

	if (argc != 3)
		return 2;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check(bind(listening, (struct sockaddr *)&address, sizeof(address)), "bind");
	check(listen(listening, 1), "listen");
	check(connect(here, (struct sockaddr *)&address, sizeof(address)), "connect");
	int there = check(accept(listening, NULL, NULL), "accept");
	/* for writing, too: so it never ends */
	int in = check(open(argv[1], O_RDWR), argv[1]);
	int out = check(open(argv[2], O_WRONLY | O_CREAT | O_APPEND, 0600), argv[2]);
	for (;;) {
		ssize_t n = read_again(in, buffer, sizeof(buffer));
		if (n <= 0 || write(here, buffer, (size_t)n) != n)
			return 1;
		n = read_again(there, buffer, sizeof(buffer));
		if (n <= 0 || write(out, buffer, (size_t)n) != n)
			return 1;
	}
}
