/* A driver that flips a bit now and then, as a library to be preloaded: in one of about FLIPS_EACH
 * results of AF_ALG that are longer than FLIPS_ABOVE bytes, after the first FLIPS_AFTER of those.
 * The same FLIPS_SEED flips the same ones. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/if_alg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#define FILES 1024
static char ours[FILES];
static atomic_ulong seen;

static unsigned long setting(const char *name, unsigned long usual)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 10) : usual;
}

static uint64_t drawn(uint64_t number) /* splitmix64 */
{
	uint64_t z = number * 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

int bind(int fd, const struct sockaddr *address, socklen_t size)
{
	int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "bind");

	if (fd >= 0 && fd < FILES)
		ours[fd] = address->sa_family == AF_ALG;
	return real(fd, address, size);
}

int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	int (*real)(int, struct sockaddr *, socklen_t *, int) = dlsym(RTLD_NEXT, "accept4");
	int op = real(fd, address, size, flags);

	if (op >= 0 && op < FILES && fd < FILES)
		ours[op] = ours[fd];
	return op;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
	ssize_t count = real(fd, message, flags);
	unsigned long number;

	if (fd >= FILES || !ours[fd] || count <= (ssize_t)setting("FLIPS_ABOVE", 64))
		return count;
	number = atomic_fetch_add(&seen, 1);
	if (number < setting("FLIPS_AFTER", 0))
		return count;
	if (drawn(number + setting("FLIPS_SEED", 1)) % setting("FLIPS_EACH", 5) == 0)
		*(unsigned char *)message->msg_iov->iov_base ^= 4;
	return count;
}
