/* What a Cipher asks of the kernel, asked without a Cipher: the calls that no program can spare, or
 * those that this package makes, which also looks whose its descriptors are before it trusts them,
 * and reads back how large the buffers became. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_alg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEND = 2 << 20, RECEIVE = (2 << 20) + 2048 };

struct tfm {
	const char *name;
	const void *key; /* or a serial */
	socklen_t key_size;
	int option; /* ALG_SET_KEY, or ALG_SET_KEY_BY_KEY_SERIAL */
};

struct sockets {
	int tfm, op;
};

static void look(int fd, int times)
{
	struct stat file;
	while (times-- > 0)
		fstat(fd, &file);
}

static int set(int op, int option, int size)
{
	return setsockopt(op, SOL_SOCKET, option, &size, sizeof size);
}

static void grow(int op)
{
	if (set(op, SO_SNDBUFFORCE, SEND) == 0) {
		set(op, SO_RCVBUFFORCE, RECEIVE);
	} else { /* not privileged */
		set(op, SO_SNDBUF, SEND);
		set(op, SO_RCVBUF, RECEIVE);
	}
}

static void read_back(int op)
{
	int size;
	socklen_t room = sizeof size;
	getsockopt(op, SOL_SOCKET, SO_SNDBUF, &size, &room);
	getsockopt(op, SOL_SOCKET, SO_RCVBUF, &size, &room);
}

static void put_away(struct sockets pair, int careful)
{
	look(pair.tfm, careful);
	close(pair.tfm);
	look(pair.op, careful);
	close(pair.op);
}

static int make(const struct tfm *want, int careful, struct sockets *made)
{
	struct sockaddr_alg address = { .salg_family = AF_ALG, .salg_type = "skcipher" };
	strncpy((char *)address.salg_name, want->name, sizeof address.salg_name - 1);
	made->op = -1;
	made->tfm = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (made->tfm < 0 || bind(made->tfm, (void *)&address, sizeof address) != 0)
		return -1;
	look(made->tfm, careful);
	if (setsockopt(made->tfm, SOL_ALG, want->option, want->key, want->key_size) != 0)
		return -1;
	look(made->tfm, careful);
	made->op = accept4(made->tfm, NULL, NULL, SOCK_CLOEXEC);
	if (made->op < 0)
		return -1;
	look(made->op, careful);
	grow(made->op);
	if (careful)
		read_back(made->op);
	return 0;
}

/* Makes the sockets of a cipher and puts them away, so many times; an errno, or 0. */
int set_up(const struct tfm *wanted, int count, int careful, int times)
{
	struct sockets made[2];
	while (times-- > 0) {
		for (int at = 0; at < count; at++)
			if (make(&wanted[at], careful, &made[at]) != 0)
				return errno;
		for (int at = 0; at < count; at++)
			put_away(made[at], careful);
	}
	return 0;
}

/* An op socket for the caller to use and to close; or -1, with errno. */
int op_socket(const struct tfm *want, int careful)
{
	struct sockets made;
	if (make(want, careful, &made) != 0)
		return -1;
	close(made.tfm);
	return made.op;
}
