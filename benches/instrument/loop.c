/* The two calls that one message takes, and nothing else: what the instrument is held to. Over the
 * same socket as src/sys/instrument.rs makes, with the same control messages. */
#define _GNU_SOURCE
#include <linux/if_alg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define IV 16
#define ALG 279 /* SOL_ALG */

/* A socket whose datagrams come back; -1 where it cannot be had. */
int open_loop(int buffer)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(name.sun_family);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)&name, size) != 0)
		goto failed;
	size = sizeof(name);
	if (getsockname(fd, (struct sockaddr *)&name, &size) != 0
	    || connect(fd, (struct sockaddr *)&name, size) != 0)
		goto failed;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	return fd;
failed:
	close(fd);
	return -1;
}

static void add(struct msghdr *message, struct cmsghdr *part, int type, const void *data, size_t size)
{
	part->cmsg_level = ALG;
	part->cmsg_type = type;
	part->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(part), data, size);
	message->msg_controllen += CMSG_SPACE(size);
}

/* Sends `size` bytes and receives them, `count` times, in pieces of at most `piece`; gives the
 * nanoseconds of one time, or -1 where a call did not do what it had to. */
double run_loop(int fd, const void *data, void *out, size_t size, size_t piece, long count)
{
	union {
		char bytes[CMSG_SPACE(4) + CMSG_SPACE(4 + IV)];
		struct cmsghdr align;
	} control = {{0}};
	struct iovec from = {0}, to = {0};
	struct msghdr send = {.msg_iov = &from, .msg_iovlen = 1, .msg_control = &control};
	struct msghdr receive = {.msg_iov = &to, .msg_iovlen = 1};
	const __u32 operation = ALG_OP_ENCRYPT;
	const struct { __u32 size; __u8 iv[IV]; } iv = {.size = IV};
	struct timespec begin, end;

	add(&send, &control.align, ALG_SET_OP, &operation, sizeof(operation));
	add(&send, (struct cmsghdr *)(control.bytes + CMSG_SPACE(4)), ALG_SET_IV, &iv, sizeof(iv));
	const size_t whole = send.msg_controllen;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (long i = 0; i < count; i++)
		for (size_t at = 0; at < size; at += piece) {
			const size_t len = size - at < piece ? size - at : piece;
			from = (struct iovec){(char *)data + at, len};
			to = (struct iovec){(char *)out + at, len};
			send.msg_controllen = at == 0 ? whole : 0;
			if (sendmsg(fd, &send, MSG_DONTWAIT) != (ssize_t)len
			    || recvmsg(fd, &receive, MSG_DONTWAIT) != (ssize_t)len)
				return -1;
		}
	clock_gettime(CLOCK_MONOTONIC, &end);
	return ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / count;
}
