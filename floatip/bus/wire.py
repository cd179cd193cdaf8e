"""The form of a message in bytes: JSON objects, validated strictly. Knows: names, ranges and lengths. Never: meaning.

Fields that we do not know are ignored, so that a newer node may add some; a change of meaning takes a new ``VERSION``.
Names are short because each node hears each heartbeat of each other node on each broker.
"""

import re
from typing import Annotated, Literal, NotRequired

from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

VERSION: Literal[1] = 1
MAX_BYTES = 384 * 1024
"""The longest message that is sent or looked into: the state of 1,000 VIPs takes 306 KB at worst."""
MAX_VIPS = 4096
MAX_PEERS = 1024
MAX_TEXT = 200
"""Characters in a sentence for people; longer ones are cut by the sender."""
MAX_DATA = 256 * 1024
"""Characters of what an errand brought."""
MAX_DIRECTIVES = 4096
UNPRINTABLE = "\\x00-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069"
"""Inside a character class: what could move the cursor of an operator's terminal or turn its text around."""

Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Priority = Annotated[int, Field(ge=-(2**31), le=2**31 - 1)]
Span = Annotated[float, Field(gt=0, le=300, allow_inf_nan=False)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,64}$")]
MacText = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{2}(:[0-9a-f]{2}){5}$")]
AddressText = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z:./%_-]{1,64}$")]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._:-]{1,64}$")]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT, pattern=f"^[^{UNPRINTABLE}]*$")]
Faults = Annotated[list[Text], Field(max_length=64, fail_fast=True)]
Data = Annotated[str, StringConstraints(max_length=MAX_DATA, pattern=r"^[ -~]*$")]
Moment = Annotated[float, Field(ge=0)]
"""Seconds since the epoch; infinity is one."""
Place = tuple[Count, Count, Count]
"""Incarnation, session, seq."""


class OfVip(TypedDict):
    """Anything that is said of one VIP."""

    v: Name


def _each_once(said: list[OfVip]) -> list[OfVip]:
    """Refuse a list that speaks of one VIP twice: receivers must not have to choose."""
    if len({one["v"] for one in said}) != len(said):
        raise ValueError("one VIP twice")
    return said


class TermsWire(TypedDict):
    """h, L, D under ``keep`` and ``release`` (seconds), and a hash of the brokers."""

    h: Span
    l: Span  # noqa: E741 (the protocol's letter for the lease)
    k: Span
    r: Span
    b: Hash


class Head(TypedDict):
    """What every message has: version, incarnation, session, number, terms, and what its sender has seen of others."""

    v: Literal[1]
    i: Count
    s: Count
    n: Count
    t: TermsWire
    p: NotRequired[Annotated[dict[Name, Place], Field(max_length=MAX_PEERS)]]


class ListingWire(OfVip):
    """One VIP in a heartbeat; the standing by its first letter."""

    s: Literal["c", "h", "o", "i", "r"]
    t: Count
    d: Hash


class HeartbeatWire(Head):
    """``L`` is missing where ``lv`` stands for the list sent before."""

    k: Literal["heartbeat"]
    sv: Count
    lv: Count
    L: NotRequired[Annotated[list[ListingWire], Field(max_length=MAX_VIPS, fail_fast=True), AfterValidator(_each_once)]]


class BidWire(OfVip):
    """One VIP in a claim."""

    t: Count
    d: Hash


class ClaimWire(Head):
    """A claim."""

    k: Literal["claim"]
    bids: Annotated[list[BidWire], Field(max_length=MAX_VIPS, fail_fast=True), AfterValidator(_each_once)]


class ReleaseWire(Head):
    """A release, and for whom the VIPs are reserved, and for how many seconds."""

    k: Literal["release"]
    vips: Annotated[list[Name], Field(max_length=MAX_VIPS, fail_fast=True)]
    vacated: bool
    to: NotRequired[Name]
    reserved: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
    kept: NotRequired[bool]
    swayed: NotRequired[bool]


class VipStateWire(OfVip):
    """What a node tells of itself and one VIP."""

    p: Priority
    d: Hash
    f: NotRequired[Faults]
    o: NotRequired[Faults]


class WitnessedWire(OfVip):
    """Who answered for a VIP."""

    t: Count
    m: MacText


class DirectiveWire(TypedDict):
    """An order that lasts: kind, subject, value, expiry (seconds since the epoch; missing: never), counter and node."""

    k: Literal["pin", "drain", "freeze"]
    s: Name
    v: Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]{0,63}$")]
    x: NotRequired[Moment]
    c: Count
    n: Name


class StateWire(Head):
    """The state of a node."""

    k: Literal["state"]
    sv: Count
    version: Text
    macs: Annotated[list[MacText], Field(max_length=256, fail_fast=True)]
    addresses: Annotated[list[AddressText], Field(max_length=1024, fail_fast=True)]
    faults: Faults
    vips: Annotated[list[VipStateWire], Field(max_length=MAX_VIPS, fail_fast=True), AfterValidator(_each_once)]
    seen: Annotated[list[WitnessedWire], Field(max_length=MAX_VIPS, fail_fast=True)]
    lan: NotRequired[bool]
    orders: NotRequired[Annotated[list[DirectiveWire], Field(max_length=MAX_DIRECTIVES, fail_fast=True)]]


class WillWire(Head):
    """A will."""

    k: Literal["will"]


class ErrandWire(TypedDict):
    """Something to do on one host: task, address, prefix, interface, lifetime in seconds."""

    t: Literal["inventory", "who-has", "add", "remove", "announce"]
    a: NotRequired[Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f:.]{2,45}$")]]
    p: NotRequired[Annotated[int, Field(ge=0, le=128)]]
    i: NotRequired[Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._:@-]{1,15}$")]]
    l: NotRequired[Annotated[int, Field(ge=0, le=86_400)]]  # noqa: E741


class RequestWire(Head):
    """A verb for one node."""

    k: Literal["request"]
    id: Id
    verb: Literal["failover", "prepare", "announce", "errand"]
    at: Name
    vips: Annotated[list[Name], Field(max_length=MAX_VIPS, fail_fast=True)]
    to: NotRequired[Name]
    look: NotRequired[bool]
    preempts: NotRequired[bool]
    errand: NotRequired[ErrandWire]
    expires: Span


class ReplyWire(Head):
    """What became of a request."""

    k: Literal["reply"]
    id: Id
    verdict: Literal["accepted", "refused", "failed"]
    vips: Annotated[list[Name], Field(max_length=MAX_VIPS, fail_fast=True)]
    text: Text
    data: NotRequired[Data]


Wire = HeartbeatWire | ClaimWire | ReleaseWire | StateWire | WillWire | RequestWire | ReplyWire


WIRE: TypeAdapter[Wire] = TypeAdapter(Annotated[Wire, Field(discriminator="k")])
FIRST_FIELD = re.compile(rb'\{"v":(\d{1,9})[,}]')
"""How every format begins, past and future: so that a newer one is known for what it is whatever its form."""
