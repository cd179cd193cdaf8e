"""Why a connection failed, in words."""

import errno
import os
import re
import socket
import ssl

import pytest

from floatip.bus.errors import in_words


def certificate_error() -> ssl.SSLCertVerificationError:
    """Return what ssl raises for a certificate that is not good."""
    error = ssl.SSLCertVerificationError(1, "CERTIFICATE_VERIFY_FAILED")
    error.verify_message = "certificate has expired"
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED)), "Connection refused"),
        (OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH)), "No route to host"),
        (OSError("without a number"), "without a number"),
        (TimeoutError("timed out"), "no answer"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "cannot be resolved: Name or service not"),
        (certificate_error(), "its certificate is not good: certificate has expired"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "TLS fails: .*wrong version number"),
        (ValueError("something else"), "something else"),
    ],
)
def test_failures_are_told_in_words(error: Exception, words: str) -> None:
    """Each kind of failure points at its remedy, and none is an empty text or a tuple."""
    assert re.search(words, in_words(error))
