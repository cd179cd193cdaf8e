"""The one exception of this room. Knows: words for people. Never: a traceback for the operator."""

import socket
import ssl


class BusError(Exception):
    """Something an operator must put right: names the thing, what was found, and the remedy."""


def in_words(error: BaseException) -> str:
    """Return why a connection failed, in words that point at the remedy."""
    match error:
        case socket.gaierror():
            words = f"its name cannot be resolved: {error.strerror}"
        case ssl.SSLCertVerificationError():
            words = f"its certificate is not good: {error.verify_message}"
        case ssl.SSLError():
            words = f"TLS fails: {getattr(error, 'reason', None) or error}"
        case TimeoutError():
            words = "no answer"
        case OSError():
            words = error.strerror or str(error)
        case _:
            words = str(error)
    return words
