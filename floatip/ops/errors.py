"""What can go wrong when an operator asks something. Knows: kinds, exit codes. Never: how the answer travelled.

FloatipError
 +-- NotRunning        3  no daemon answers at the socket
 +-- NotPermitted      4  the socket is there, and not for this user
 +-- ProtocolMismatch  1  a daemon of another version answers
 +-- BadRequest        2  the request makes no sense
 +-- Refused           4  the daemon will not, and says why
 |    +-- UnknownVip
 |    +-- UnknownNode
 +-- Failed            1  it was tried
 +-- TimedOut          6  it may still be under way
"""

from typing import ClassVar

from floatip.ops.models import Result


class FloatipError(Exception):
    """One clear sentence for the operator; ``results`` are the moves that had ended by then, this one included."""

    kind: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1

    def __init__(self, text: str, *, results: tuple[Result, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.results = results


class NotRunning(FloatipError):  # noqa: N818 (names say what is so, as in the field: "not running")
    """No daemon answers at the socket."""

    kind = "not-running"
    exit_code = 3


class NotPermitted(FloatipError):  # noqa: N818
    """This user may not use the socket."""

    kind = "not-permitted"
    exit_code = 4


class ProtocolMismatch(FloatipError):  # noqa: N818
    """The daemon speaks another version of the control protocol, or no control protocol at all."""

    kind = "protocol-mismatch"
    exit_code = 1


class BadRequest(FloatipError):  # noqa: N818
    """The request itself is wrong, whatever the state of the cluster."""

    kind = "bad-request"
    exit_code = 2


class Refused(FloatipError):  # noqa: N818
    """The daemon will not do it, and nothing was changed."""

    kind = "refused"
    exit_code = 4


class UnknownVip(Refused):
    """No VIP of that name is configured."""

    kind = "unknown-vip"


class UnknownNode(Refused):
    """No node of that name has been heard."""

    kind = "unknown-node"


class Failed(FloatipError):  # noqa: N818
    """It was tried and did not work."""

    kind = "failed"
    exit_code = 1


class TimedOut(FloatipError):  # noqa: N818
    """No end within the time given; the sentence says in what state it was left."""

    kind = "timed-out"
    exit_code = 6


_BY_KIND: dict[str, type[FloatipError]] = {
    error.kind: error
    for error in (
        NotRunning,
        NotPermitted,
        ProtocolMismatch,
        BadRequest,
        Refused,
        UnknownVip,
        UnknownNode,
        Failed,
        TimedOut,
    )
}


def error_of(kind: str, text: str, *, results: tuple[Result, ...] = ()) -> FloatipError:
    """Return the error of this kind; a kind that only a newer daemon knows is a plain failure."""
    return _BY_KIND.get(kind, Failed)(text, results=results)
