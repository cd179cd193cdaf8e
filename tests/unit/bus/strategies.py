"""Messages of every kind, as hypothesis makes them up. Knows: what a node may say. Never: what it should."""

from hypothesis import strategies as st

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
from tests.unit.examples import examples

few = examples(40)
"""Enough for each kind of message."""

counts = st.integers(0, 2**63 - 1)
names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,62}", fullmatch=True)
nodes = names.map(NodeName)
vips = names.map(VipName)
hashes = st.from_regex(r"[0-9a-f]{8}", fullmatch=True)
macs = st.from_regex(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", fullmatch=True).map(Mac)
texts = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E) | st.sampled_from("äß€→✓"), max_size=200)
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
spans = st.floats(0.001, 300)
faults = st.lists(texts, max_size=3).map(tuple)
origins = st.builds(Origin, counts, counts, counts)

listings = st.builds(Listing, vip=vips, standing=st.sampled_from(Standing), term=counts, definition=hashes)
bids = st.builds(Bid, vip=vips, term=counts, definition=hashes)
vip_states = st.builds(
    VipState, vip=vips, priority=st.integers(-300, 1000), definition=hashes, faults=faults, notes=faults
)
witnessed = st.builds(Witnessed, vip=vips, term=counts, mac=macs)
vip_lists = st.lists(vips, max_size=5).map(tuple)
ids = st.from_regex(r"[0-9A-Za-z._:-]{1,64}", fullmatch=True)
directives = st.builds(
    Directive,
    kind=st.sampled_from(DirectiveKind),
    subject=names,
    value=st.from_regex(r"[a-z0-9._-]{0,63}", fullmatch=True),
    expires_at=st.floats(0, 1e12) | st.just(float("inf")),
    stamp=st.builds(Stamp, counts, nodes),
)
errands = st.builds(
    Errand,
    task=st.sampled_from(Task),
    address=st.just("") | addresses,
    prefix=st.integers(0, 128),
    interface=st.from_regex(r"[0-9A-Za-z._:@-]{0,15}", fullmatch=True),
    lifetime_s=st.integers(0, 86_400),
)

bodies: st.SearchStrategy[Body] = st.one_of(
    st.builds(
        Heartbeat,
        state_version=counts,
        list_version=counts,
        listings=st.none() | st.lists(listings, max_size=5, unique_by=lambda one: one.vip).map(tuple),
    ),
    st.builds(Claim, bids=st.lists(bids, max_size=5, unique_by=lambda one: one.vip).map(tuple)),
    st.builds(
        Release,
        vips=vip_lists,
        vacated=st.booleans(),
        to=st.none() | nodes,
        reserved_s=st.floats(0, 3600),
        kept=st.booleans(),
        swayed=st.booleans(),
    ),
    st.builds(
        State,
        state_version=counts,
        version=texts,
        macs=st.lists(macs, max_size=3).map(tuple),
        addresses=st.lists(addresses, max_size=3).map(tuple),
        faults=faults,
        vips=st.lists(vip_states, max_size=5, unique_by=lambda one: one.vip).map(tuple),
        witnessed=st.lists(witnessed, max_size=5).map(tuple),
        lan_fine=st.booleans(),
        directives=st.lists(directives, max_size=3).map(tuple),
    ),
    st.just(Will()),
    st.builds(
        Request,
        id=ids,
        verb=st.sampled_from(Verb),
        at=nodes,
        vips=vip_lists,
        to=st.none() | nodes,
        look=st.booleans(),
        preempts=st.booleans(),
        errand=st.none() | errands,
        expires_s=spans,
    ),
    st.builds(
        Reply,
        id=ids,
        verdict=st.sampled_from(Verdict),
        text=texts,
        vips=vip_lists,
        data=st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=300),
    ),
)
terms = st.builds(Terms, heartbeat_s=spans, lease_s=spans, keep_s=spans, release_s=spans, brokers=hashes)
messages = st.builds(
    Message,
    sender=nodes,
    origin=origins,
    terms=terms,
    body=bodies,
    seen=st.dictionaries(nodes, origins, max_size=5),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=20,
)

TERMS = Terms(heartbeat_s=0.2, lease_s=1.0, keep_s=1.22, release_s=4.844, brokers="deadbeef")


def heartbeat(seq: int = 1, *, sender: str = "n1", session: int = 1) -> Message:
    """Return a plain heartbeat."""
    return Message(
        sender=NodeName(sender),
        origin=Origin(7, session, seq),
        terms=TERMS,
        body=Heartbeat(state_version=1, list_version=1, listings=()),
    )


def state(*, sender: str = "n1", session: int = 1, faults: tuple[str, ...] = ()) -> Message:
    """Return a plain state."""
    return Message(
        sender=NodeName(sender),
        origin=Origin(7, session, 1),
        terms=TERMS,
        body=State(state_version=1, version="0.1.0", faults=faults),
    )
