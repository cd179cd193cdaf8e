"""The one list of timers, against a dumb list."""

from hypothesis import given
from hypothesis import strategies as st

from floatip.core.timers import Key, Timers

KEYS = st.sampled_from([("vip", "a"), ("vip", "b"), ("beat", "a")])
TIMES = st.none() | st.sampled_from([1.0, 2.0, 3.0])
ACTS = st.lists(st.tuples(KEYS, TIMES) | st.sampled_from([0.5, 1.0, 1.5, 2.0, 3.5]), max_size=20)


@given(ACTS)
def test_the_timers_do_what_a_dumb_list_does(acts: list[tuple[Key, float | None] | float]) -> None:
    """Set, move, clear and take out in any order: the same times come due, and the same one is next."""
    timers, dumb = Timers(), dict[Key, float]()
    for act in acts:
        if isinstance(act, float):
            due = {key for key, at in dumb.items() if at <= act}
            taken = list(timers.due(act))
            assert len(taken) == len(due)
            assert set(taken) == due
            times = [dumb.pop(key) for key in taken]
            assert times == sorted(times)
        else:
            key, at = act
            timers.set(key, at)
            if at is None:
                dumb.pop(key, None)
            else:
                dumb[key] = at
        assert timers.next() == min(dumb.values(), default=None)


def test_what_is_due_comes_in_the_order_of_its_time() -> None:
    """The earliest first."""
    timers = Timers()
    for name, at in (("late", 3.0), ("early", 1.0), ("middle", 2.0), ("never", 9.0)):
        timers.set(("vip", name), at)
    assert [name for _, name in timers.due(3.0)] == ["early", "middle", "late"]
    assert timers.next() == 9.0


def test_what_is_set_while_due_is_taken_out_comes_too() -> None:
    """A timer that sets another for now does not wait for the next step."""
    timers = Timers()
    timers.set(("vip", "first"), 1.0)
    taken = []
    for _, name in timers.due(1.0):
        taken.append(name)
        if name == "first":
            timers.set(("vip", "second"), 1.0)
    assert taken == ["first", "second"]
