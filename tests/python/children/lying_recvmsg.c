/* A driver that computes wrong bytes, as a library to be preloaded: the first byte of what AF_ALG
 * gives is changed, of the algorithm LIES_ABOUT alone where that is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/if_alg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FILES 1024
static char liar[FILES];

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");
	const struct sockaddr_alg *alg = (const void *)address;
	const char *name = getenv("LIES_ABOUT");

	if (fd >= 0 && fd < FILES && alg->salg_family == AF_ALG)
		liar[fd] = !name || !strcmp(name, (const char *)alg->salg_name);
	return real(fd, address, size);
}

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	int (*real)(int, struct sockaddr *, socklen_t *, int) = dlsym(RTLD_NEXT, "accept4");
	int op = real(fd, address, size, flags);

	if (op >= 0 && op < FILES && fd < FILES)
		liar[op] = liar[fd];
	return op;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
	ssize_t count = real(fd, message, flags);

	if (count > 0 && fd < FILES && liar[fd])
		*(unsigned char *)message->msg_iov->iov_base ^= 1;
	return count;
}
