"""Topics: who speaks, and on which channel."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.bus.topics import Channel, Place, place_of, subscription, topic_of
from floatip.core.types import NodeName
from tests.unit.bus.strategies import few, nodes


@few
@given(nodes, st.sampled_from(Channel))
def test_topic_and_place_are_inverse(node: NodeName, channel: Channel) -> None:
    """Whatever a node's name, its topics lead back to it."""
    assert place_of("web", topic_of("web", node, channel)) == Place(sender=node, channel=channel)


def test_topics_are_as_documented() -> None:
    """Brokers' ACLs are written against these very strings."""
    assert topic_of("web", NodeName("n1"), Channel.LOG) == "floatip/web/node/n1/log"
    assert topic_of("web", NodeName("n1"), Channel.STATE) == "floatip/web/node/n1/state"
    assert subscription("web") == "floatip/web/node/#"


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "floatip/web/node/n1",
        "floatip/web/node/n1/",
        "floatip/web/node/n1/log/",
        "floatip/web/node/n1/log/x",
        "floatip/web/node//log",
        "floatip/web/node/N1/log",
        "floatip/web/node/n1\n/log",
        "floatip/web/node/n1/logs",
        "floatip/other/node/n1/log",
        "floatip/web/node/" + "n" * 64 + "/log",
        "Floatip/web/node/n1/log",
    ],
)
def test_other_topics_have_no_place(topic: str) -> None:
    """A topic that is not exactly of the form belongs to nobody."""
    assert place_of("web", topic) is None


@few
@given(st.text())
def test_any_text_is_a_topic_or_not(topic: str) -> None:
    """No text makes the parser fail."""
    place_of("web", topic)
