"""A process whose /proc/crypto is not the kernel's; prints "right" or what was said to it."""

import subprocess
import sys
from pathlib import Path

import afalg

KEY, IV = bytes(range(16)), bytes(range(16, 32))


def show_instead(text: str, folder: Path) -> None:
    """Mount a file of this text over /proc/crypto, for this process alone."""
    file = folder / "crypto"
    file.write_text(text)
    subprocess.run(["mount", "--bind", str(file), "/proc/crypto"], check=True)


def odd_chunk(folder: Path) -> str:
    """A cbc(aes) whose chunk is not its block is never cut: streams of it are held back whole."""
    plain = afalg.Cipher("cbc(aes)", KEY, provider="kernel")  # binds it, so that it is listed
    lines = ["name: cbc(aes)", "driver: odd", "priority: 9", "internal: no", "type: skcipher"]
    lines += ["async: no", "blocksize: 16", "min keysize: 16", "max keysize: 32", "ivsize: 16"]
    show_instead("\n".join([*lines, "chunksize: 32", ""]), folder)
    code = "from children import other_proc_crypto as it; it.padded_streams()"
    environment = {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env=environment
    )
    plain.close()
    return done.stdout.strip() or done.stderr


def padded_streams() -> None:
    """Encrypt and decrypt in parts at every length about a block; print how that went."""
    cipher = afalg.Cipher("cbc(aes)", KEY, provider="kernel")
    assert cipher.max_message is not None, "it is not taken at its name"
    for length in [0, 1, 15, 16, 17, 31, 32, 33, 100, 1000]:
        message = bytes(length)
        sealed = cipher.encrypt(message, iv=IV, padding="pkcs7")
        with cipher.encryptor(iv=IV, padding="pkcs7") as stream:
            parts = [stream.update(message[:7]), stream.update(message[7:]), stream.finalize()]
        assert b"".join(parts) == sealed, length
        with cipher.decryptor(iv=IV, padding="pkcs7") as stream:
            assert stream.update(sealed) + stream.finalize() == message, length
    false = cipher.decryptor(iv=IV, padding="pkcs7")
    false.update(cipher.encrypt(b"\xc8" * 208, iv=IV))
    try:
        false.finalize()
    except afalg.InvalidPaddingError:
        print("right")


def hidden(folder: Path) -> str:
    """Sizes come from the built-in table."""
    show_instead("", folder)
    for name, key, iv in [("cbc(aes)", 16, 16), ("xts(aes)", 32, 16), ("chacha20", 32, 16)]:
        cipher = afalg.Cipher(name, bytes(key), provider="kernel")
        assert (cipher.driver, cipher.iv_size) == (None, iv), cipher
        sealed = cipher.encrypt(bytes(64), iv=bytes(iv))
        assert cipher.decrypt(sealed, iv=bytes(iv)) == bytes(64), name
    return "right"


def unknown(folder: Path) -> str:
    """What is in neither cannot be used."""
    afalg.Cipher("ecb(cipher_null)", b"", provider="kernel")  # has its driver loaded
    show_instead("", folder)
    try:
        afalg.Cipher("ecb-cipher_null", b"", provider="kernel")  # a driver's own name
    except afalg.InvalidInputError as error:
        return str(error)
    return "it was taken"


if __name__ == "__main__":
    way, scratch = sys.argv[1:]
    print({"odd-chunk": odd_chunk, "hidden": hidden, "unknown": unknown}[way](Path(scratch)))
