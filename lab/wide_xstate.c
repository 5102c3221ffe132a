/* Lets an older User-mode Linux (6.1, 6.12) run on a CPU whose register state outgrew it.
 *
 * Such a kernel keeps a fixed number of bytes for each task's extended registers and hands exactly
 * these back through PTRACE_SETREGSET. The host takes a whole state or none: on a CPU with AMX
 * (11 KiB of it) it answers EFAULT, and the kernel panics before its first process runs. Preloaded,
 * this puts the kernel's bytes in front of the task's own remaining ones and hands over the whole.
 * What lies behind (the AMX tiles) stays as it is: no task uses it without asking the host first.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define WHOLE_STATE 65536 /* bytes; room to grow */

typedef long ptrace_function(int request, int pid, void *address, void *data);

static long set_wide_state(ptrace_function *host, int pid, void *set, const struct iovec *given)
{
    static char state[WHOLE_STATE]; /* User-mode Linux is one thread as far as ptrace goes */
    struct iovec whole = {.iov_base = state, .iov_len = sizeof state};

    if (host(PTRACE_GETREGSET, pid, set, &whole) < 0)
        return -1;
    if (given->iov_len > whole.iov_len) {
        errno = EFAULT;
        return -1;
    }
    memcpy(state, given->iov_base, given->iov_len);
    return host(PTRACE_SETREGSET, pid, set, &whole);
}

long ptrace(enum __ptrace_request request, ...)
{
    static ptrace_function *host;
    va_list rest;

    if (!host)
        host = (ptrace_function *)dlsym(RTLD_NEXT, "ptrace");
    va_start(rest, request);
    int pid = va_arg(rest, int);
    void *address = va_arg(rest, void *);
    void *data = va_arg(rest, void *);
    va_end(rest);

    if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE)
        return set_wide_state(host, pid, address, data);
    return host((int)request, pid, address, data);
}
