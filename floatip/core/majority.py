"""The k-th of some values: what holds on that many brokers."""

from collections.abc import Iterable


def kth_largest(values: Iterable[float], k: int) -> float:
    """The k-th largest value; minus infinity if there are fewer."""
    if k == 1:
        return max(values, default=float("-inf"))
    ordered = sorted(values, reverse=True)
    return ordered[k - 1] if len(ordered) >= k else float("-inf")


def kth_smallest(values: Iterable[float], k: int) -> float:
    """The k-th smallest value; infinity if there are fewer."""
    if k == 1:
        return min(values, default=float("inf"))
    return -kth_largest((-value for value in values), k)
