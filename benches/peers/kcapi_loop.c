/* libkcapi as a C program uses it: a handle with its key, and messages. */

#include <errno.h>
#include <kcapi.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/* A cipher with its key; a negative errno, or 0. */
int open_cipher(const char *name, const uint8_t *key, uint32_t key_size,
		struct kcapi_handle **made)
{
	int failed = kcapi_cipher_init(made, name, 0);
	return failed ? failed : kcapi_cipher_setkey(*made, key, key_size);
}

/* A message by one call, so many times. */
int one_call(struct kcapi_handle *cipher, const uint8_t *iv, const uint8_t *data, size_t size,
	     uint8_t *out, int access, int times)
{
	while (times-- > 0)
		if (kcapi_cipher_encrypt(cipher, data, size, iv, out, size, access) !=
		    (ssize_t)size)
			return EIO;
	return 0;
}

/* A message as a stream, in pieces that the op socket's buffer has room for: right at any size. */
static int stream(struct kcapi_handle *cipher, const uint8_t *iv, const uint8_t *data, size_t size,
		  uint8_t *out, size_t piece)
{
	for (size_t done = 0; done < size; done += piece) {
		size_t left = size - done;
		struct iovec from = { (void *)(data + done), left < piece ? left : piece };
		struct iovec to = { out + done, from.iov_len };
		ssize_t sent;
		if (done == 0)
			sent = kcapi_cipher_stream_init_enc(cipher, iv, &from, 1);
		else if (left > piece)
			sent = kcapi_cipher_stream_update(cipher, &from, 1);
		else
			sent = kcapi_cipher_stream_update_last(cipher, &from, 1);
		if (sent != (ssize_t)from.iov_len ||
		    kcapi_cipher_stream_op(cipher, &to, 1) != (ssize_t)to.iov_len)
			return EIO;
	}
	return 0;
}

int streamed(struct kcapi_handle *cipher, const uint8_t *iv, const uint8_t *data, size_t size,
	     uint8_t *out, size_t piece, int times)
{
	int failed = 0;
	while (!failed && times-- > 0)
		failed = stream(cipher, iv, data, size, out, piece);
	return failed;
}
