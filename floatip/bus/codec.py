"""Messages to bytes and back. Knows: both forms of each message. Never: who may speak, nor whether it is true.

The sender is not in the bytes: the caller takes it from the topic.
"""

import re
from collections.abc import Mapping
from typing import assert_never

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from floatip.bus import wire
from floatip.bus.errors import BusError
from floatip.bus.events import DropReason
from floatip.core.messages import (
    Bid,
    Body,
    Claim,
    Errand,
    Heartbeat,
    Listing,
    Message,
    Release,
    Reply,
    Request,
    State,
    Task,
    Verb,
    Verdict,
    VipState,
    Will,
    Witnessed,
)
from floatip.core.types import Directive, DirectiveKind, Mac, NodeName, Origin, Stamp, Standing, Terms, VipName

_LETTER: Mapping[Standing, str] = {standing: standing.value[0] for standing in Standing}
_STANDING: Mapping[str, Standing] = {letter: standing for standing, letter in _LETTER.items()}
_UNPRINTABLE = re.compile(f"[{wire.UNPRINTABLE}\\ud800-\\udfff]")


def encode(message: Message) -> bytes:
    """Return the message as compact JSON; ``BusError`` if no peer would read it because it is too long."""
    terms, origin = message.terms, message.origin
    head = {
        "v": wire.VERSION,
        "i": origin.incarnation,
        "s": origin.session,
        "n": origin.seq,
        "t": {"h": terms.heartbeat_s, "l": terms.lease_s, "k": terms.keep_s, "r": terms.release_s, "b": terms.brokers},
    }
    if message.seen:
        head["p"] = {peer: (at.incarnation, at.session, at.seq) for peer, at in message.seen.items()}
    try:
        data = to_json(head | _encode_body(message.body), inf_nan_mode="constants")
    except PydanticSerializationError as error:
        raise BusError(f"a {type(message.body).__name__.lower()} cannot be written down: {error}") from error
    if len(data) > wire.MAX_BYTES:
        raise BusError(
            f"a {type(message.body).__name__.lower()} of {len(data)} bytes is longer than the {wire.MAX_BYTES} that "
            "peers read: spread the VIPs over several clusters, or give them shorter names"
        )
    return data


def decode(data: bytes, sender: NodeName) -> Message | DropReason:
    """Return what ``sender`` said, or why these bytes are no message of ours; never raises."""
    if len(data) > wire.MAX_BYTES:
        return DropReason.TOO_LARGE
    try:
        read = wire.WIRE.validate_json(data, strict=True)
    except ValidationError:
        return _why_not(data)
    terms = read["t"]
    return Message(
        sender=sender,
        origin=Origin(read["i"], read["s"], read["n"]),
        terms=Terms(
            heartbeat_s=terms["h"], lease_s=terms["l"], keep_s=terms["k"], release_s=terms["r"], brokers=terms["b"]
        ),
        body=_decode_body(read),
        seen={NodeName(peer): Origin(*at) for peer, at in read.get("p", {}).items()},
    )


def _why_not(data: bytes) -> DropReason:
    first = wire.FIRST_FIELD.match(data)
    return DropReason.FUTURE_VERSION if first and int(first[1]) > wire.VERSION else DropReason.GARBLED


def _text(text: str) -> str:
    """Return a sentence as peers accept it: one line, printable, of bounded length."""
    return _UNPRINTABLE.sub("?", text[: wire.MAX_TEXT])


def _encode_body(body: Body) -> dict[str, object]:
    match body:
        case Heartbeat():
            fields = _encode_heartbeat(body)
        case Claim():
            fields = {"k": "claim", "bids": [{"v": bid.vip, "t": bid.term, "d": bid.definition} for bid in body.bids]}
        case Release():
            fields = {"k": "release", "vips": body.vips, "vacated": body.vacated, "reserved": body.reserved_s}
            fields |= _if_any("to", body.to) | _if_true("kept", body.kept)
            fields |= _if_true("swayed", body.swayed)
        case State():
            fields = _encode_state(body)
        case Will():
            fields = {"k": "will"}
        case Request():
            fields = {"k": "request", "id": body.id, "verb": body.verb, "at": body.at, "vips": body.vips}
            fields |= {"expires": body.expires_s} | _if_any("to", body.to) | _if_true("look", body.look)
            fields |= _if_true("preempts", body.preempts)
            fields |= _if_any("errand", body.errand and _encode_errand(body.errand))
        case Reply():
            fields = {"k": "reply", "id": body.id, "verdict": body.verdict, "vips": body.vips}
            fields |= {"text": _text(body.text)} | _if_true("data", body.data)
        case _:
            assert_never(body)
    return fields


def _if_any(key: str, value: object) -> dict[str, object]:
    return {} if value is None else {key: value}


def _if_true(key: str, value: object) -> dict[str, object]:
    return {key: value} if value else {}


def _encode_errand(errand: Errand) -> dict[str, object]:
    fields = {"a": errand.address, "p": errand.prefix, "i": errand.interface, "l": errand.lifetime_s}
    return {"t": errand.task} | {key: value for key, value in fields.items() if value}


def _encode_heartbeat(beat: Heartbeat) -> dict[str, object]:
    listed = beat.listings and [
        {"v": one.vip, "s": _LETTER[one.standing], "t": one.term, "d": one.definition} for one in beat.listings
    ]
    return {"k": "heartbeat", "sv": beat.state_version, "lv": beat.list_version} | _if_any("L", listed)


def _encode_state(state: State) -> dict[str, object]:
    return {
        "k": "state",
        "sv": state.state_version,
        "version": _text(state.version),
        "macs": state.macs,
        "addresses": state.addresses,
        "faults": [_text(fault) for fault in state.faults],
        "vips": [
            {"v": one.vip, "p": one.priority, "d": one.definition}
            | _if_true("f", [_text(fault) for fault in one.faults])
            | _if_true("o", [_text(note) for note in one.notes])
            for one in state.vips
        ],
        "seen": [{"v": one.vip, "t": one.term, "m": one.mac} for one in state.witnessed],
        "lan": state.lan_fine,
    } | _if_true("orders", [_encode_directive(one) for one in state.directives])


def _encode_directive(one: Directive) -> dict[str, object]:
    fields = {"k": one.kind, "s": one.subject, "v": one.value, "c": one.stamp.counter, "n": one.stamp.node}
    return fields | ({"x": one.expires_at} if one.expires_at < float("inf") else {})


def _decode_body(read: wire.Wire) -> Body:
    body: Body
    if read["k"] == "heartbeat":
        body = _decode_heartbeat(read)
    elif read["k"] == "claim":
        bids = tuple(Bid(vip=VipName(bid["v"]), term=bid["t"], definition=bid["d"]) for bid in read["bids"])
        body = Claim(bids=bids)
    elif read["k"] == "release":
        vips = tuple(VipName(vip) for vip in read["vips"])
        to = NodeName(read["to"]) if "to" in read else None
        body = Release(
            vips=vips,
            vacated=read["vacated"],
            to=to,
            reserved_s=read["reserved"],
            kept=read.get("kept", False),
            swayed=read.get("swayed", False),
        )
    elif read["k"] == "state":
        body = _decode_state(read)
    elif read["k"] == "will":
        body = Will()
    elif read["k"] == "request":
        body = _decode_request(read)
    else:
        body = _decode_reply(read)
    return body


def _decode_heartbeat(read: wire.HeartbeatWire) -> Heartbeat:
    listings = None
    if "L" in read:
        listings = tuple(
            Listing(vip=VipName(one["v"]), standing=_STANDING[one["s"]], term=one["t"], definition=one["d"])
            for one in read["L"]
        )
    return Heartbeat(state_version=read["sv"], list_version=read["lv"], listings=listings)


def _decode_request(read: wire.RequestWire) -> Request:
    return Request(
        id=read["id"],
        verb=Verb(read["verb"]),
        at=NodeName(read["at"]),
        vips=tuple(VipName(vip) for vip in read["vips"]),
        to=NodeName(read["to"]) if "to" in read else None,
        look=read.get("look", False),
        preempts=read.get("preempts", False),
        errand=_decode_errand(read["errand"]) if "errand" in read else None,
        expires_s=read["expires"],
    )


def _decode_errand(read: wire.ErrandWire) -> Errand:
    return Errand(
        task=Task(read["t"]),
        address=read.get("a", ""),
        prefix=read.get("p", 0),
        interface=read.get("i", ""),
        lifetime_s=read.get("l", 0),
    )


def _decode_reply(read: wire.ReplyWire) -> Reply:
    return Reply(
        id=read["id"],
        verdict=Verdict(read["verdict"]),
        vips=tuple(VipName(vip) for vip in read["vips"]),
        text=read["text"],
        data=read.get("data", ""),
    )


def _decode_state(read: wire.StateWire) -> State:
    return State(
        state_version=read["sv"],
        version=read["version"],
        macs=tuple(Mac(mac) for mac in read["macs"]),
        addresses=tuple(read["addresses"]),
        faults=tuple(read["faults"]),
        vips=tuple(
            VipState(
                vip=VipName(one["v"]),
                priority=one["p"],
                definition=one["d"],
                faults=tuple(one.get("f", ())),
                notes=tuple(one.get("o", ())),
            )
            for one in read["vips"]
        ),
        witnessed=tuple(Witnessed(vip=VipName(one["v"]), term=one["t"], mac=Mac(one["m"])) for one in read["seen"]),
        lan_fine=read.get("lan", False),
        directives=tuple(_decode_directive(one) for one in read.get("orders", ())),
    )


def _decode_directive(read: wire.DirectiveWire) -> Directive:
    return Directive(
        kind=DirectiveKind(read["k"]),
        subject=read["s"],
        value=read["v"],
        expires_at=read.get("x", float("inf")),
        stamp=Stamp(read["c"], NodeName(read["n"])),
    )
