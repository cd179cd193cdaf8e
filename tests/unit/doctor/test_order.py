"""Whether what subscribers heard is one order."""

from floatip.doctor.order import compare


def test_one_order() -> None:
    """Any order will do, as long as it is the same for all."""
    verdict = compare("abcd", ["badc", "badc"])
    assert verdict.good
    assert (verdict.published, verdict.subscribers) == (4, 2)


def test_two_orders() -> None:
    """The first place that differs is told."""
    verdict = compare("abcd", ["abcd", "abcd", "acbd"])
    assert not verdict.good
    assert verdict.differs_at == 2


def test_a_loss_is_no_difference() -> None:
    """What not all heard is not compared; the greatest loss counts."""
    verdict = compare("abcd", ["abcd", "acd", "a"])
    assert (verdict.good, verdict.lost, verdict.differs_at) == (False, 3, None)


def test_a_loss_does_not_hide_a_difference() -> None:
    """Among the rest the order is compared."""
    assert compare("abcd", ["abd", "bad", "abdc"]).differs_at == 1


def test_what_comes_twice_is_told() -> None:
    """QoS 0 delivers once at most."""
    verdict = compare("abc", ["abc", "abbc"])
    assert (verdict.good, verdict.repeated, verdict.lost, verdict.differs_at) == (False, 1, 0, None)
