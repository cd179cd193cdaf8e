"""A daemon's answers as values, and bad ends as errors. Knows: the documents. Never: how they travelled."""

from typing import Any, TypeVar

from floatip.core.effects import Outcome
from floatip.ops.errors import Failed, FloatipError, ProtocolMismatch, Refused, TimedOut
from floatip.ops.models import MoveResult, OrderResult, from_document, worst

T = TypeVar("T")
R = TypeVar("R", MoveResult, OrderResult)

_ERRORS: dict[Outcome, type[FloatipError]] = {
    Outcome.REFUSED: Refused,
    Outcome.FAILED: Failed,
    Outcome.TIMED_OUT: TimedOut,
}


def judged(results: tuple[R, ...]) -> tuple[R, ...]:
    """Return the results if all went well, proven or not; else raise the worst of them."""
    if not results:
        raise ProtocolMismatch("the daemon answered without a result: it is of another version than this command")
    end = worst(results)
    if end.outcome in _ERRORS:
        raise _ERRORS[end.outcome](end.text, results=results)
    return results


def parsed(kind: type[T], body: object) -> T:
    """Return the document as a value; ProtocolMismatch if it is none of that kind."""
    try:
        return from_document(kind, body)
    except ValueError as error:
        raise ProtocolMismatch(
            f"the daemon's answer is not understood ({error}): it is of another version than this command"
        ) from None


def parsed_all(kind: type[T], result: dict[str, Any], key: str) -> tuple[T, ...]:
    """Return the list under this key as values; nothing if there is none."""
    found = result.get(key)
    return tuple(parsed(kind, each) for each in found) if isinstance(found, list) else ()
