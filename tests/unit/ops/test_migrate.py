"""A migration as a state machine: what it does in which order, wherever it begins and wherever it was cut off."""

import pytest

from floatip.core.effects import Outcome
from floatip.core.messages import Task
from floatip.ops.errors import BadRequest, Failed, FloatipError, Refused, TimedOut, UnknownNode
from floatip.ops.migrate import Migrator, check_nodes, plain
from floatip.ops.models import Migration, Step
from tests.unit.ops.hosts import ADDRESS, STRANGER, Entry, Hosts, Killed

WHOLE = [
    "n1 inventory",
    "n2 inventory",
    "n2 who-has",
    "n1 who-has",
    "n2 add for 60 s",
    "n3 who-has",
    "n2 add for good",
    "n1 remove",
    "n2 announce",
    "n3 who-has",
]


def on(*nodes: str, **entries: Entry) -> Hosts:
    """Return hosts of which these have the address for good, and those as given."""
    return Hosts(have={name: {ADDRESS: Entry()} for name in nodes} | {n: {ADDRESS: e} for n, e in entries.items()})


async def migrate(
    hosts: Hosts, *, interface: str = "", dry_run: bool = False, steps: list[Step] | None = None
) -> Migration:
    """Move the address from n1 to n2."""
    tell = None if steps is None else steps.append
    mover = Migrator(hosts, ADDRESS, "n1", "n2", tell)  # type: ignore[arg-type]  # it only ever sends errands
    return await mover.run(hosts.status(), interface=interface, dry_run=dry_run)


async def test_the_whole_way() -> None:
    """Look, see the source alone, add for a while, prove, have it for good, and only then remove and prove again."""
    hosts, steps = on("n1"), list[Step]()
    done = await migrate(hosts, steps=steps)
    assert hosts.asked == WHOLE
    assert (hosts.holders(), hosts.have["n2"][ADDRESS].permanent) == (["n2"], True)
    assert (done.outcome, done.proven, done.exit_code) == (Outcome.PROVEN, True, 0)
    assert done.text == "10.77.0.60 is on n2 alone, seen by n3"
    assert done.steps == tuple(steps)
    assert [step.text for step in steps] == [
        "n2 sees n1 alone answer for 10.77.0.60",
        "n2 has added 10.77.0.60 on eth0, and announces it",
        "n3 sees n2 answer for 10.77.0.60",
        "n2 has 10.77.0.60 for good",
        "n1 has removed 10.77.0.60",
        "n3 sees n2 alone answer for 10.77.0.60",
    ]
    assert all(step.about == ADDRESS and 0 <= step.at_ms < 1000 for step in steps)


async def test_a_dry_run_only_looks() -> None:
    """It says what is left to do, and changes nothing."""
    hosts = on("n1")
    done = await migrate(hosts, dry_run=True)
    assert hosts.asked == WHOLE[:2]
    assert done.text == (
        "n2 looks that n1 alone answers for 10.77.0.60; n2 adds it; n2 announces it; another node sees n2 answer;"
        " n1 removes it from eth0; n2 announces it again, and another node sees it alone"
    )
    assert (await migrate(on("n1", "n2"), dry_run=True)).text.startswith("n2 announces it; another node")
    assert (await migrate(on("n2"), dry_run=True)).text == (
        "n2 has 10.77.0.60 already, and n1 has not: announce it, and prove it"
    )


@pytest.mark.parametrize("count", range(2, len(WHOLE)))
@pytest.mark.parametrize("when", ["before", "after"])
async def test_cut_off_anywhere_and_run_again(count: int, when: str) -> None:
    """Wherever the command is killed, somebody has the address, and the same command ends as if nothing had been."""
    hosts = on("n1")
    setattr(hosts, f"cut_{when}", count)
    with pytest.raises(Killed):
        await migrate(hosts)
    assert hosts.holders()
    hosts.cut_before = hosts.cut_after = None
    done = await migrate(hosts)
    assert (hosts.holders(), hosts.have["n2"][ADDRESS].permanent) == (["n2"], True)
    assert done.proven


async def test_what_was_lent_and_has_gone_is_lent_again() -> None:
    """A run that was cut off before the proof, and so long ago that the target's kernel has removed the address."""
    hosts = on("n1")
    hosts.cut_before = 5
    with pytest.raises(Killed):
        await migrate(hosts)
    assert hosts.have["n2"].pop(ADDRESS).lifetime_s == 60
    hosts.cut_before, hosts.asked = None, []
    await migrate(hosts)
    assert hosts.asked == WHOLE


@pytest.mark.parametrize(
    ("hosts", "does"),
    [
        (on("n1", n2=Entry(lifetime_s=20)), ["n2 add for 60 s", *WHOLE[5:]]),
        (on("n1", "n2"), ["n2 add for good", *WHOLE[5:]]),
        (on("n2"), ["n2 add for good", *WHOLE[8:]]),
        (on(n2=Entry(lifetime_s=20)), ["n2 add for good", *WHOLE[8:]]),
    ],
    ids=["both, lent", "both, for good", "target only", "target only, lent"],
)
async def test_it_goes_on_from_what_it_finds(hosts: Hosts, does: list[str]) -> None:
    """Nothing is done twice that needs not be; what the target has for good is never given an end."""
    done = await migrate(hosts)
    assert hosts.asked == WHOLE[:2] + does
    assert (hosts.holders(), hosts.have["n2"][ADDRESS].permanent, done.proven) == (["n2"], True, True)


async def test_prefix_and_interface_stay_those_of_a_run_before() -> None:
    """Otherwise the target would have the address twice."""
    hosts = on(n1=Entry(prefix=16), n2=Entry(prefix=24, interface="eth5", lifetime_s=20))
    await migrate(hosts, interface="eth7")
    assert {(it.prefix, it.interface) for it in hosts.requests if it.task == Task.ADD} == {(24, "eth5")}
    first = on(n1=Entry(prefix=16, interface="eth3"))
    await migrate(first, interface="eth7")
    assert {(it.prefix, it.interface) for it in first.requests if it.task == Task.ADD} == {(16, "eth7")}
    looks = [(it.node, it.interface) for it in first.requests if it.task == Task.WHO_HAS]
    assert looks == [("n2", "eth7"), ("n1", "eth3"), ("n3", ""), ("n3", "")]


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        (Hosts(), "10.77.0.60 is not migrated: neither n1 nor n2 has it"),
        (on("n3"), "10.77.0.60 is not migrated: neither n1 nor n2 has it"),
        (
            on(n1=Entry(prefix=16, primary=True)),
            "10.77.0.60 is not migrated: it is n1's own address on eth0, by which that host is in its subnet",
        ),
        (
            on(n1=Entry(lifetime_s=20)),
            (
                "10.77.0.60 is not migrated: on n1 it has a lifetime, so it belongs to a VIP of that node, or to"
                " another migration, whose loan ends within 60 s"
            ),
        ),
    ],
)
async def test_refused_after_a_look(hosts: Hosts, words: str) -> None:
    """There is nothing to move, or it must not be moved."""
    with pytest.raises(Refused) as caught:
        await migrate(hosts)
    assert caught.value.text == words
    assert len(hosts.asked) == 2


@pytest.mark.parametrize(
    ("hosts", "sees"),
    [
        (Hosts(have={"n1": {ADDRESS: Entry()}}, strangers={STRANGER}), f"02:00:00:00:00:01, {STRANGER}"),
        (Hosts(have={"n1": {ADDRESS: Entry()}}, blind={"n2"}), "nobody"),
        (on("n1", "n3"), "02:00:00:00:00:01, 02:00:00:00:00:03"),
    ],
    ids=["a stranger", "nobody", "a third node"],
)
async def test_only_the_source_may_answer(hosts: Hosts, sees: str) -> None:
    """A stranger, or a third node, or nobody at all: refused before anything is changed."""
    with pytest.raises(Refused) as caught:
        await migrate(hosts)
    assert caught.value.text == (
        "10.77.0.60 is not migrated: n2 should see n1 alone answer for it on the LAN, and sees " + sees
    )
    assert hosts.asked == WHOLE[:4]


async def test_what_nobody_sees_is_not_removed() -> None:
    """The prover does not see the target: the source keeps the address, and the text says how far it came."""
    hosts = on("n1")
    hosts.blind = {"n3"}
    with pytest.raises(Failed) as caught:
        await migrate(hosts)
    assert caught.value.text == (
        "n3 does not see n2 (02:00:00:00:00:02) answer for 10.77.0.60: nobody answers; done so far: n2 has added"
        " 10.77.0.60 on eth0, and announces it; run the same command again to go on"
    )
    assert hosts.holders() == ["n1", "n2"]
    assert not hosts.have["n2"][ADDRESS].permanent
    hosts.blind = set()
    assert (await migrate(hosts)).proven


async def test_a_stranger_at_the_end_is_told() -> None:
    """The address has moved, and somebody else answers for it too: that is no proof."""
    hosts = on("n2")
    hosts.strangers = {STRANGER}
    with pytest.raises(Failed, match=r"n3 does not see n2 .* alone answer for 10\.77\.0\.60") as caught:
        await migrate(hosts)
    assert STRANGER in caught.value.text


async def test_of_two_nodes_the_source_is_the_witness() -> None:
    """It sees the target answer although it has the address itself, and sees it alone in the end."""
    hosts = Hosts(names=("n1", "n2"), have={"n1": {ADDRESS: Entry(interface="eth3")}})
    done = await migrate(hosts)
    assert done.text == "10.77.0.60 is on n2 alone, seen by n1"
    assert hosts.asked == [line.replace("n3", "n1") for line in WHOLE]
    assert [it.interface for it in hosts.requests if it.node == "n1" and it.task == Task.WHO_HAS] == ["eth3"] * 3


async def test_a_third_node_that_cannot_look_is_no_witness() -> None:
    """It is not on that LAN, or has died: the next one looks, in the end the source."""
    hosts = on("n1")
    hosts.refusing["n3", Task.WHO_HAS] = Failed("no interface of this host is on a subnet with 10.77.0.60")
    assert (await migrate(hosts)).text == "10.77.0.60 is on n2 alone, seen by n1"


@pytest.mark.parametrize(
    ("node", "task", "error", "kind", "words"),
    [
        ("n2", Task.ADD, Refused("it is a VIP's"), Refused, "it is a VIP's"),
        (
            "n1",
            Task.REMOVE,
            Refused("it is a VIP's"),
            Failed,
            "it is a VIP's; done so far: n2 has 10.77.0.60 for good; run the same command again to go on",
        ),
        (
            "n2",
            Task.ANNOUNCE,
            TimedOut("n2 has not answered"),
            TimedOut,
            "n2 has not answered; done so far: n1 has removed 10.77.0.60; run the same command again to go on",
        ),
    ],
)
async def test_errors_tell_how_far_it_came(
    node: str, task: Task, error: FloatipError, kind: type[FloatipError], words: str
) -> None:
    """Refused means that nothing was changed; whatever goes wrong later names the last step that was done."""
    hosts = on("n1")
    hosts.refusing[node, task] = error
    with pytest.raises(FloatipError) as caught:
        await migrate(hosts)
    assert (type(caught.value), caught.value.text) == (kind, words)


async def test_a_reboot_must_not_undo_it() -> None:
    """What the boot files of both hosts need is told, and nothing of a target that has the address in them."""
    mine = {"address": f"{ADDRESS}/32", "file": "/etc/n", "line": 4, "remedy": "remove it"}
    other = mine | {"address": "10.77.0.61/32", "line": 5}
    hosts = on("n1")
    hosts.boot = {"n1": [mine, other]}
    assert (await migrate(hosts)).boot_changes == ("n1: /etc/n:4: remove it", "n2: add it to a boot file")
    hosts = on("n2")
    hosts.boot = {"n2": [mine]}
    assert (await migrate(hosts)).boot_changes == ()


def test_which_nodes_can_take_part() -> None:
    """Two that are known, different and alive."""
    hosts = Hosts()
    check_nodes(hosts.status("n3"), "n1", "n2")
    with pytest.raises(BadRequest, match="--from and --to are both n1"):
        check_nodes(hosts.status(), "n1", "n1")
    with pytest.raises(UnknownNode, match="no node of cluster web is named 'n9'; known: n1, n2, n3"):
        check_nodes(hosts.status(), "n1", "n9")
    for source, target in (("n3", "n1"), ("n1", "n3")):
        with pytest.raises(Refused, match="n3 is not alive, so nothing can be done on its host"):
            check_nodes(hosts.status("n3"), source, target)


@pytest.mark.parametrize(
    ("text", "address"), [("10.77.0.60", "10.77.0.60"), ("10.77.0.60/24", "10.77.0.60"), ("FD77::0060", "fd77::60")]
)
def test_addresses_are_read_as_people_write_them(text: str, address: str) -> None:
    """With or without a prefix, in any spelling."""
    assert plain(text) == address
    with pytest.raises(BadRequest, match="'n1' is not an IP address"):
        plain("n1")
