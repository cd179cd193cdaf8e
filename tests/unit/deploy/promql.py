"""Reads an expression of Prometheus, and says which labels its result has. Knows: the part of the language in use here.

``labels_of`` raises QueryError for a metric or label that does not exist, a function of the wrong kind of operand, and
whatever else it cannot read: an expression that Prometheus would take and this does not is rather added here.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

Metrics = Mapping[str, frozenset[str]]
"""Each metric with its labels."""
TARGET = frozenset({"job", "instance"})
"""The labels that Prometheus gives to everything it scrapes."""

_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)(?![\w.]) | (?P<range>\[(?:\d+[smhd]|\$__\w+)\]) | (?P<string>"[^"]*")
    | (?P<word>[a-zA-Z_:][\w:]*) | (?P<mark>=~|!~|!=|==|<=|>=|[-+*/%<>=(){},]))""",
    re.VERBOSE,
)
_OVER_TIME = {"increase", "rate"}
_AT_ONE_TIME = {"absent", "clamp_max"}
_AGGREGATIONS = {"sum", "max", "min", "count", "avg"}
_LOOSEST_FIRST = ({"or"}, {"and", "unless"}, {"==", "!=", "<", ">", "<=", ">="}, {"+", "-"}, {"*", "/", "%"})


class QueryError(Exception):
    """What is wrong with an expression."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an expression gives: series with these labels, over a time or at one; None: a number."""

    labels: frozenset[str] | None
    over_time: bool = False

    def needs(self, *, over_time: bool, by: str) -> frozenset[str]:
        """Return the labels of series of that kind, which ``by`` takes alone."""
        if self.labels is None or self.over_time != over_time:
            raise QueryError(f"{by} takes series {'over a time, as in [5m]' if over_time else 'at one time'}")
        return self.labels


def labels_of(expression: str, metrics: Metrics) -> frozenset[str] | None:
    """Return the labels of what the expression gives; None if that is a number."""
    reader = _Reader(expression, metrics)
    found = reader.binary(0)
    if reader.next:
        raise QueryError(f"nobody expects {reader.next!r}")
    if found.over_time:
        raise QueryError("its result is over a time, which cannot be shown")
    return found.labels


class _Reader:
    def __init__(self, expression: str, metrics: Metrics) -> None:
        self._metrics = metrics
        self._tokens: list[str] = []
        at = 0
        while at < len(expression.rstrip()):
            match = _TOKEN.match(expression, at)
            if match is None:
                raise QueryError(f"cannot be read from {expression[at:]!r} on")
            self._tokens.append(match[0].strip())
            at = match.end()

    @property
    def next(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _take(self, wanted: str = "") -> str:
        if not self._tokens or (wanted and self.next != wanted):
            raise QueryError(f"{wanted or 'more'!r} is expected, found {self.next!r}")
        return self._tokens.pop(0)

    def binary(self, level: int) -> Found:
        """Read operations of this level and tighter ones."""
        if level == len(_LOOSEST_FIRST):
            return self._one()
        left = self.binary(level + 1)
        while self.next in _LOOSEST_FIRST[level]:
            operator, on = self._take(), None
            if self.next in {"on", "ignoring"}:
                on = (self._take(), self._names())
            left = _joined(left, self.binary(level + 1), operator, on)
        return left

    def _one(self) -> Found:
        if self.next == "(":
            self._take()
            found = self.binary(0)
            self._take(")")
            return found
        word = self._take()
        if word[0].isdigit():
            return Found(labels=None)
        if word in _AGGREGATIONS:
            return self._aggregation(word)
        if self.next == "(":
            return self._function(word)
        return self._selector(word)

    def _aggregation(self, name: str) -> Found:
        kept: frozenset[str] = frozenset()
        if self.next == "by":
            self._take()
            kept = self._names()
        self._take("(")
        labels = self.binary(0).needs(over_time=False, by=name)
        self._take(")")
        if not kept <= labels:
            raise QueryError(f"by ({', '.join(kept - labels)}), which is no label there")
        return Found(labels=kept)

    def _function(self, name: str) -> Found:
        self._take("(")
        arguments = [self.binary(0)]
        while self.next == ",":
            self._take()
            arguments.append(self.binary(0))
        self._take(")")
        match name, arguments:
            case "vector", [Found(labels=None)]:
                return Found(labels=frozenset())
            case "histogram_quantile", [Found(labels=None), buckets]:
                labels = buckets.needs(over_time=False, by=name)
                if "le" not in labels:
                    raise QueryError("histogram_quantile takes buckets, with their label `le`")
                return Found(labels=labels - {"le"})
            case _ if name in _OVER_TIME and len(arguments) == 1:
                return Found(labels=arguments[0].needs(over_time=True, by=name))
            case _ if name in _AT_ONE_TIME:
                return Found(labels=arguments[0].needs(over_time=False, by=name))
            case _:
                raise QueryError(f"{name} with {len(arguments)} arguments is not known")

    def _selector(self, metric: str) -> Found:
        if metric not in self._metrics:
            raise QueryError(f"there is no metric {metric}")
        labels = self._metrics[metric] | TARGET
        if self.next == "{":
            self._take()
            while self.next != "}":
                if (name := self._take()) not in labels:
                    raise QueryError(f"{metric} has no label {name}")
                if self._take() not in {"=", "!=", "=~", "!~"} or not self._take().startswith('"'):
                    raise QueryError(f"{metric}: {name} is matched by something else than a string")
                if self.next != "}":
                    self._take(",")
            self._take("}")
        over_time = self.next.startswith("[")
        if over_time:
            self._take()
        return Found(labels=labels, over_time=over_time)

    def _names(self) -> frozenset[str]:
        self._take("(")
        names = {self._take()}
        while self.next == ",":
            self._take()
            names.add(self._take())
        self._take(")")
        return frozenset(names)


def _joined(left: Found, right: Found, operator: str, on: tuple[str, frozenset[str]] | None) -> Found:
    """Return what an operation gives; series meet only if they have the same labels, or ``on`` which they meet."""
    if left.over_time or right.over_time:
        raise QueryError(f"{operator} takes no series over a time")
    if left.labels is None or right.labels is None:
        return left if right.labels is None else right
    if operator == "or":
        return left
    ours, theirs = left.labels, right.labels
    if on is not None:
        word, names = on
        if not names <= ours | theirs or (word == "on" and not names <= ours & theirs):
            raise QueryError(f"{word} ({', '.join(names)}), which are not labels of both sides")
        ours, theirs = (names, names) if word == "on" else (ours - names, theirs - names)
    if ours != theirs:
        raise QueryError(f"{operator} never finds a pair: {sorted(ours)} here, {sorted(theirs)} there")
    return left
