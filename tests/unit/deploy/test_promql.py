"""What holds alerts and dashboard to the metrics that exist is itself not blind."""

import pytest

from tests.unit.deploy.promql import Metrics, QueryError, labels_of

METRICS: Metrics = {"a": frozenset({"vip"}), "a_bucket": frozenset({"le"}), "b": frozenset({"vip"}), "c": frozenset()}


@pytest.mark.parametrize(
    ("expression", "labels"),
    [
        ("a", {"vip", "job", "instance"}),
        ('sum by (vip) (a{job="x", vip=~"w.*"}) == 0', {"vip"}),
        ("count(a + b > 1) or vector(0)", set()),
        ("histogram_quantile(0.5, sum by (le) (increase(a_bucket[$__range])))", set()),
        ("a < 0.3 and on (instance) max by (instance) (b) == 1", {"vip", "job", "instance"}),
        ("increase(a[5m]) - on (vip, instance) b * 2", {"vip", "job", "instance"}),
    ],
)
def test_labels(expression: str, labels: set[str]) -> None:
    """The labels of a result are those that its parts leave."""
    assert labels_of(expression, METRICS) == frozenset(labels)


def test_a_number_has_none() -> None:
    """And no empty set of them either."""
    assert labels_of("1 + 2", METRICS) is None


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("x", "no metric x"),
        ('a{peer="n1"}', "no label peer"),
        ("a{vip=web}", "something else than a string"),
        ("sum by (peer) (a)", "by (peer)"),
        ("sum by (vip) (sum by (job) (a))", "by (vip)"),
        ("increase(a)", "over a time"),
        ("sum(a[5m])", "at one time"),
        ("a[5m]", "cannot be shown"),
        ("histogram_quantile(0.5, a)", "`le`"),
        ("sum by (vip) (a) and a", "never finds a pair"),
        ("a and on (peer) b", "not labels of both sides"),
        ("sum(a", "')' is expected"),
        ("sum(a))", "nobody expects ')'"),
        ("a == ", "'more' is expected"),
        ("a ; b", "cannot be read"),
        ("median(a)", "median"),
    ],
)
def test_nonsense_is_found(expression: str, why: str) -> None:
    """With a sentence that names it."""
    with pytest.raises(QueryError) as refusal:
        labels_of(expression, METRICS)
    assert why in str(refusal.value)
