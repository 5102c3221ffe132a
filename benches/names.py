"""Who takes part, by the names and in the order and colours that the whole report has them."""

ENCRYPT = "afalg encrypt"
ENCRYPT_INTO = "afalg encrypt_into"
MANY = "afalg encrypt_many"
UNITS = "afalg encrypt_units"
UNITS_INTO = "afalg encrypt_units_into"
PLAIN_LOOP = "afalg encrypt, in a loop"
C_FRESH = "C loop, fresh memory"
C_WARM = "C loop, warm buffer"
KCAPI = "libkcapi, its best"
KCAPI_ONE_CALL = "libkcapi, one call"
KCAPI_CTYPES = "libkcapi, by ctypes"
SOCKET_KEPT = "socket, kept"
SOCKET_ACCEPT = "socket, accept each"
CRYPTOGRAPHY = "cryptography"
CRYPTOGRAPHY_INTO = "cryptography update_into"
CRYPTOGRAPHY_RESET = "cryptography reset_nonce"
ONE_THREAD = "one thread"
OWN_CIPHERS = "two threads, a Cipher each"
SHARED_CIPHER = "two threads, one Cipher"
TWO_PROCESSES = "two processes"
THREADS_1 = "threads=1"
THREADS_2 = "threads=2"

COLOURS = {
    ENCRYPT: "#b2182b",
    ENCRYPT_INTO: "#ef6548",
    MANY: "#b2182b",
    UNITS: "#b2182b",
    UNITS_INTO: "#ef6548",
    PLAIN_LOOP: "#f4a582",
    C_FRESH: "#252525",
    C_WARM: "#737373",
    KCAPI: "#1b7837",
    KCAPI_ONE_CALL: "#5aae61",
    KCAPI_CTYPES: "#a6dba0",
    SOCKET_KEPT: "#2166ac",
    SOCKET_ACCEPT: "#67a9cf",
    CRYPTOGRAPHY: "#762a83",
    CRYPTOGRAPHY_INTO: "#9970ab",
    CRYPTOGRAPHY_RESET: "#c2a5cf",
    ONE_THREAD: "#737373",
    OWN_CIPHERS: "#b2182b",
    SHARED_CIPHER: "#ef6548",
    TWO_PROCESSES: "#252525",
    THREADS_1: "#737373",
    THREADS_2: "#b2182b",
}
"""One family of colours for each project, its darker shade for what gives new memory."""
