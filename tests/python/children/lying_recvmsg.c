/* A driver that computes wrong bytes, as a library to be preloaded: the first byte of what AF_ALG
 * gives is changed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/socket.h>

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
	int domain = 0;
	socklen_t size = sizeof(domain);
	ssize_t count = real(fd, message, flags);

	if (count > 0 && !getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) && domain == AF_ALG)
		*(unsigned char *)message->msg_iov->iov_base ^= 1;
	return count;
}
