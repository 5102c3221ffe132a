/* Nothing but the system calls that messages take, by the best sizes: a piece goes out and comes
 * back before the next goes out; operation and IV go with a message's first piece, MSG_MORE with all
 * but its last. One piece is two calls. The op socket is the caller's, its buffers raised. */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_alg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LONGEST_IV = 32 };

struct work {
	int op;
	uint32_t direction;
	const uint8_t *data; /* the messages, one behind the other */
	const uint8_t *ivs; /* as many, likewise */
	size_t count, size, iv_size, piece;
};

struct head {
	union {
		struct cmsghdr aligned;
		uint8_t bytes[CMSG_SPACE(sizeof(uint32_t)) +
			      CMSG_SPACE(sizeof(struct af_alg_iv) + LONGEST_IV)];
	} control;
	size_t length;
	uint8_t *iv;
};

static void write_head(const struct work *work, struct head *head)
{
	struct cmsghdr *part = (void *)head->control.bytes;
	struct af_alg_iv *iv;
	memset(head, 0, sizeof *head);
	part->cmsg_level = SOL_ALG;
	part->cmsg_type = ALG_SET_OP;
	part->cmsg_len = CMSG_LEN(sizeof(uint32_t));
	memcpy(CMSG_DATA(part), &work->direction, sizeof(uint32_t));
	head->length = CMSG_SPACE(sizeof(uint32_t));
	if (work->iv_size == 0)
		return;
	part = (void *)(head->control.bytes + head->length);
	part->cmsg_level = SOL_ALG;
	part->cmsg_type = ALG_SET_IV;
	part->cmsg_len = CMSG_LEN(sizeof *iv + work->iv_size);
	iv = (void *)CMSG_DATA(part);
	iv->ivlen = work->iv_size;
	head->iv = iv->iv;
	head->length += CMSG_SPACE(sizeof *iv + work->iv_size);
}

static int message(const struct work *work, struct head *head, const uint8_t *data, uint8_t *out)
{
	struct iovec from, to;
	struct msghdr sent = { .msg_iov = &from, .msg_iovlen = 1,
			       .msg_control = head->control.bytes,
			       .msg_controllen = head->length };
	struct msghdr received = { .msg_iov = &to, .msg_iovlen = 1 };
	for (size_t done = 0; done < work->size; done += from.iov_len) {
		size_t left = work->size - done;
		from.iov_base = (void *)(data + done);
		from.iov_len = to.iov_len = left < work->piece ? left : work->piece;
		to.iov_base = out + done;
		if (sendmsg(work->op, &sent, left > work->piece ? MSG_MORE : 0) !=
			    (ssize_t)from.iov_len ||
		    recvmsg(work->op, &received, 0) != (ssize_t)to.iov_len)
			return errno ? errno : EIO;
		sent.msg_control = NULL;
		sent.msg_controllen = 0;
	}
	return 0;
}

static int messages(const struct work *work, struct head *head, uint8_t *out)
{
	for (size_t at = 0; at < work->count; at++) {
		int failed;
		if (head->iv != NULL)
			memcpy(head->iv, work->ivs + at * work->iv_size, work->iv_size);
		failed = message(work, head, work->data + at * work->size, out + at * work->size);
		if (failed)
			return failed;
	}
	return 0;
}

/* All messages, so many times, into one buffer; an errno, or 0. */
int into(const struct work *work, uint8_t *out, int times)
{
	struct head head;
	int failed = 0;
	write_head(work, &head);
	while (!failed && times-- > 0)
		failed = messages(work, &head, out);
	return failed;
}

/* The same into memory that is allocated each time, as the bytes that Python gives are; the last
 * stays, for the caller to look at and to free. */
int into_fresh(const struct work *work, uint8_t **out, int times)
{
	struct head head;
	int failed = 0;
	*out = NULL;
	write_head(work, &head);
	while (!failed && times-- > 0) {
		free(*out);
		*out = malloc(work->count * work->size);
		failed = *out == NULL ? ENOMEM : messages(work, &head, *out);
	}
	return failed;
}

void let_go(uint8_t *out)
{
	free(out);
}
