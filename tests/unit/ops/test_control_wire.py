"""The lines of the control socket, as they are written and with hostile bytes in them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.ops import wire
from floatip.ops.errors import BadRequest, FloatipError, ProtocolMismatch, UnknownVip, error_of


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (wire.StatusRequest(), b'{"v":1,"ask":"status"}\n'),
        (wire.EventsRequest(follow=True), b'{"v":1,"ask":"events","follow":true}\n'),
        (wire.ReloadRequest(), b'{"v":1,"ask":"reload"}\n'),
        (wire.AnnounceRequest(vip="web"), b'{"v":1,"ask":"announce","vip":"web"}\n'),
        (
            wire.FailoverRequest(vips=("a", "b"), to="n2", timeout_s=3.0),
            b'{"v":1,"ask":"failover","vips":["a","b"],"to":"n2","timeout_s":3.0,"dry_run":false,"force":false}\n',
        ),
        (
            wire.OrderRequest(kind="pin", subjects=("web",), value="n2", lasts_s=60.0),
            (
                b'{"v":1,"ask":"order","kind":"pin","subjects":["web"],"value":"n2","lasts_s":60.0,"timeout_s":10.0,'
                b'"force":false,"dry_run":false}\n'
            ),
        ),
        (wire.ExplainRequest(vip="web"), b'{"v":1,"ask":"explain","vip":"web"}\n'),
        (
            wire.ErrandRequest(node="n2", task="who-has", address="10.77.0.60"),
            (
                b'{"v":1,"ask":"errand","node":"n2","task":"who-has","address":"10.77.0.60","prefix":0,"interface":"",'
                b'"lifetime_s":0,"timeout_s":10.0}\n'
            ),
        ),
    ],
)
def test_requests(request_: wire.Request, line: bytes) -> None:
    """A request is written exactly so, and read back the same."""
    assert wire.encode_request(request_) == line
    assert wire.decode_request(line) == request_


@pytest.mark.parametrize(
    ("line", "error", "words"),
    [
        (b"\n", BadRequest, "not one line with a JSON object"),
        (b"GET / HTTP/1.1\r\n", BadRequest, "not one line with a JSON object"),
        (b"\xff\xfe\n", BadRequest, "not one line with a JSON object"),
        (b"[" * 60_000, BadRequest, "not one line with a JSON object"),
        (b"9" * 60_000, BadRequest, "not one line with a JSON object"),
        (b"{}", ProtocolMismatch, "version None of the control protocol, this daemon speaks 1"),
        (b'{"v":2,"ask":"status"}', ProtocolMismatch, "version 2 of the control protocol"),
        (b'{"v":1}', BadRequest, "cannot be asked None: it knows status, failover, announce, order, explain, "),
        (b'{"v":1,"ask":["status"]}', BadRequest, "cannot be asked"),
        (b'{"v":1,"ask":"announce"}', BadRequest, "'vip'"),
        (b'{"v":1,"ask":"announce","vip":7}', BadRequest, "vip: str was expected, 7 was found"),
        (b'{"v":1,"ask":"failover","vips":[]}', BadRequest, "name at least one VIP"),
        (b'{"v":1,"ask":"failover","vips":["a"],"timeout_s":NaN}', BadRequest, "a timeout of nan s"),
        (b'{"v":1,"ask":"failover","vips":["a"],"timeout_s":0}', BadRequest, "a timeout of 0 s"),
        (
            b'{"v":1,"ask":"order","kind":"kill"}',
            BadRequest,
            "no order is named 'kill': there are pin",
        ),
        (b'{"v":1,"ask":"order","kind":"pin","lasts_s":-1}', BadRequest, "an order cannot last -1 s"),
        (b'{"v":1,"ask":"order","kind":"pin","lasts_s":Infinity}', BadRequest, "an order cannot last inf s"),
        (b'{"v":1,"ask":"order","kind":"pin","timeout_s":1e9}', BadRequest, "a timeout of 1e+09 s"),
        (b'{"v":1,"ask":"errand","node":"n1","task":"add","address":"x"}', BadRequest, "'x' is not an IP address"),
        (b'{"v":1,"ask":"explain"}', BadRequest, "'vip'"),
    ],
)
def test_wrong_requests(line: bytes, error: type[FloatipError], words: str) -> None:
    """What is no request is told in one short sentence."""
    with pytest.raises(error) as caught:
        wire.decode_request(line)
    assert words in caught.value.text
    assert len(caught.value.text) < 400


@given(line=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_request_or_an_error(line: bytes) -> None:
    """Whatever comes, reading a request raises nothing but our own errors."""
    try:
        wire.decode_request(line)
    except (BadRequest, ProtocolMismatch) as error:
        assert error.text  # noqa: PT017 (either is right)


def test_errors_keep_their_kind() -> None:
    """An error is the same class with the same words on the other side; an unknown kind is a failure."""
    word, body = wire.decode_reply(wire.encode_error(UnknownVip("no 'w\ud800'")))
    assert (word, body["exit_code"]) == ("error", 4)
    error = error_of(body["kind"], body["text"])
    assert (type(error), error.text) == (UnknownVip, "no 'w\ud800'")
    assert error_of("of tomorrow", "x").exit_code == 1


@pytest.mark.parametrize("slices", [[], [[{"a": 1}]], [[{"a": 1}, {"a": 2}], [{"a": "]}}"}]]])
def test_a_list_in_slices_is_one_document(slices: list[list[dict[str, object]]]) -> None:
    """A long list that is written down slice by slice reads like one that was not."""
    line = wire.encode_list_reply("result", {"n": 1}, "items", [wire.encode_items(each) for each in slices])
    assert json.loads(line) == {"v": 1, "result": {"n": 1, "items": [item for each in slices for item in each]}}
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
