/* Somebody who gives a key of a keyring new bytes between two calls that take it, as a library to be
 * preloaded: after the first ALG_SET_KEY_BY_KEY_SERIAL, or after each where CHANGES_ALWAYS is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/keyctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SOL_ALG 279
#define ALG_SET_KEY_BY_KEY_SERIAL 7

int setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
	static int times;
	int (*real)(int, int, int, const void *, socklen_t) = dlsym(RTLD_NEXT, "setsockopt");
	int answer = real(fd, level, option, value, size);
	char bytes[32];

	if (level != SOL_ALG || option != ALG_SET_KEY_BY_KEY_SERIAL || size != sizeof(int) || answer)
		return answer;
	memset(bytes, ++times, sizeof bytes);
	if (times == 1 || getenv("CHANGES_ALWAYS"))
		syscall(SYS_keyctl, KEYCTL_UPDATE, *(const int *)value, bytes, sizeof bytes);
	return answer;
}
