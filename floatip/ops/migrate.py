"""Moves one address between two hosts: a VIP by a failover, a plain alias by adding, proving, and only then removing.

Knows: what each host has, which step comes next. Never: remembers anything: it looks at both hosts first, so that the
same command goes on wherever an earlier one was interrupted.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from time import monotonic
from typing import TYPE_CHECKING, Any

from floatip.core.effects import Outcome
from floatip.core.messages import Task
from floatip.ops.errors import BadRequest, Failed, FloatipError, Refused, UnknownNode
from floatip.ops.models import Migration, MoveResult, Plan, Status, Step, VipStatus
from floatip.ops.wire import ErrandRequest

if TYPE_CHECKING:
    from floatip.ops.client import Cluster

LENT_S = 60
"""For how long the target has the address before it is proven: if nobody goes on, its kernel removes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What one host has of the address."""

    node: str
    prefix: int | None
    """None: nothing."""
    interface: str = ""
    primary: bool = False
    permanent: bool = False
    boot: tuple[str, ...] = ()
    """What to change there so that a reboot does not bring it back, a sentence each."""


class Migrator:
    """One migration of one plain address."""

    def __init__(
        self, cluster: "Cluster", address: str, source: str, target: str, on_step: Callable[[Step], object] | None
    ) -> None:
        self._cluster = cluster
        self._address = address
        self._source = source
        self._target = target
        self._on_step = on_step
        self._began = monotonic()
        self._changed = False
        self.steps: list[Step] = []

    async def run(self, status: Status, *, interface: str, dry_run: bool) -> Migration:
        """Look, and do what is left to do; Refused: nothing was changed; any other error tells how far it came."""
        source, target = await self._look(self._source), await self._look(self._target)
        refuse(self._address, source, target)
        plan = planned(self._address, source, target)
        if dry_run:
            return self._result(Outcome.PROVEN, "; ".join(plan), ())
        try:
            return await self._move(status, source, target, interface)
        except FloatipError as error:
            if not self._changed:
                raise
            kind = Failed if isinstance(error, Refused) else type(error)
            far = self.steps[-1].text if self.steps else "nothing else"
            raise kind(f"{error.text}; done so far: {far}; run the same command again to go on") from error

    async def _move(self, status: Status, source: Here, target: Here, interface: str) -> Migration:
        """Do it in the one order in which at no moment nobody has the address."""
        others = [one.name for one in status.nodes if one.alive and one.name not in {self._source, self._target}]
        prefix, where = target.prefix or source.prefix or 0, target.interface or interface
        if source.prefix is not None:
            if target.prefix is None:
                await self._only_source_answers(source.interface, where)
            mac = await self._add(where, prefix, 0 if target.permanent else LENT_S)
            await self._prove(others, source.interface, mac, alone=False)
        additions = (await self._errand(self._target, Task.ADD, prefix, where))["additions"]
        self._changed = True
        if source.prefix is not None:
            self._tell(f"{self._target} has {self._address} for good")
            await self._errand(self._source, Task.REMOVE)
            self._tell(f"{self._source} has removed {self._address}")
        mac = (await self._errand(self._target, Task.ANNOUNCE))["mac"]
        by = await self._prove(others, source.interface, mac, alone=True)
        changes = tuple(f"{self._source}: {text}" for text in source.boot)
        changes += tuple(f"{self._target}: {text}" for text in additions if not target.boot)
        return self._result(Outcome.PROVEN, f"{self._address} is on {self._target} alone, seen by {by}", changes)

    async def _look(self, node: str) -> Here:
        found = await self._cluster.errand(ErrandRequest(node=node, task=Task.INVENTORY))
        return here(node, self._address, found)

    async def _only_source_answers(self, source_on: str, target_on: str) -> None:
        """The target sees nobody but the source have the address."""
        found = await self._errand(self._target, Task.WHO_HAS, interface=target_on)
        seen = await self._errand(self._source, Task.WHO_HAS, interface=source_on)
        if len(found["macs"]) != 1 or seen["macs"]:
            macs = ", ".join(sorted({*found["macs"], *seen["macs"]})) or "nobody"
            raise Refused(
                f"{self._address} is not migrated: {self._target} should see {self._source} alone answer for it on the"
                f" LAN, and sees {macs}"
            )
        self._tell(f"{self._target} sees {self._source} alone answer for {self._address}")

    async def _add(self, interface: str, prefix: int, lifetime_s: int) -> str:
        found = await self._errand(self._target, Task.ADD, prefix, interface, lifetime_s)
        self._changed = True
        self._tell(f"{self._target} has added {self._address} on {found['interface']}, and announces it")
        return str(found["mac"])

    async def _prove(self, others: list[str], source_on: str, mac: str, *, alone: bool) -> str:
        """A third node, or else the source, sees the target's MAC answer; return who it was."""
        by, found = await self._who_has(others, source_on)
        if mac not in found or (alone and len(found) > 1):
            raise Failed(
                f"{by} does not see {self._target} ({mac}) {'alone ' if alone else ''}answer for {self._address}:"
                f" {', '.join(found) or 'nobody'} answers"
            )
        self._tell(f"{by} sees {self._target} {'alone ' if alone else ''}answer for {self._address}")
        return by

    async def _who_has(self, others: list[str], source_on: str) -> tuple[str, list[str]]:
        """Return who answers for the address, as the first node says that can look at all, and which that is."""
        for node in others:
            with suppress(FloatipError):  # it is not on that LAN, or has died meanwhile
                return node, (await self._errand(node, Task.WHO_HAS))["macs"]
        return self._source, (await self._errand(self._source, Task.WHO_HAS, interface=source_on))["macs"]

    async def _errand(self, node: str, task: Task, prefix: int = 0, interface: str = "", lifetime_s: int = 0) -> Any:
        request = ErrandRequest(
            node=node, task=task, address=self._address, prefix=prefix, interface=interface, lifetime_s=lifetime_s
        )
        return await self._cluster.errand(request)

    def _tell(self, text: str) -> None:
        self.steps.append(Step(about=self._address, text=text, at_ms=round((monotonic() - self._began) * 1000)))
        if self._on_step is not None:
            self._on_step(self.steps[-1])

    def _result(self, outcome: Outcome, text: str, changes: tuple[str, ...]) -> Migration:
        return Migration(
            address=self._address,
            source=self._source,
            target=self._target,
            proven=outcome is Outcome.PROVEN,
            outcome=outcome,
            text=text,
            steps=tuple(self.steps),
            boot_changes=changes,
        )


def here(node: str, address: str, inventory: Any) -> Here:
    """Return what an inventory says of the address."""
    boot = tuple(
        f"{one['file']}:{one['line']}: {one['remedy']}"
        for one in inventory["boot"]
        if one["address"].partition("/")[0] == address
    )
    entries = [one for one in inventory["addresses"] if one["address"] == address]
    if not entries:
        return Here(node=node, prefix=None, boot=boot)
    best = max(entries, key=lambda one: (one["primary"], one["permanent"]))
    return Here(
        node=node,
        prefix=best["prefix"],
        interface=best["interface"],
        primary=best["primary"],
        permanent=best["permanent"],
        boot=boot,
    )


def refuse(address: str, source: Here, target: Here) -> None:
    """Refused, if this is no address to migrate."""
    if source.prefix is None and target.prefix is None:
        raise Refused(f"{address} is not migrated: neither {source.node} nor {target.node} has it")
    if source.primary:
        raise Refused(
            f"{address} is not migrated: it is {source.node}'s own address on {source.interface}, by which that host"
            " is in its subnet"
        )
    if source.prefix is not None and not source.permanent:
        raise Refused(
            f"{address} is not migrated: on {source.node} it has a lifetime, so it belongs to a VIP of that node, or to"
            f" another migration, whose loan ends within {LENT_S} s"
        )


def planned(address: str, source: Here, target: Here) -> list[str]:
    """Return in sentences what is left to do."""
    if source.prefix is None:
        return [f"{target.node} has {address} already, and {source.node} has not: announce it, and prove it"]
    steps = []
    if target.prefix is None:
        steps = [f"{target.node} looks that {source.node} alone answers for {address}", f"{target.node} adds it"]
    return [
        *steps,
        f"{target.node} announces it",
        f"another node sees {target.node} answer",
        f"{source.node} removes it from {source.interface}",
        f"{target.node} announces it again, and another node sees it alone",
    ]


def vip_of(status: Status, address: str) -> VipStatus | None:
    """Return the VIP that the address belongs to."""
    for vip in status.vips:
        if any(one.partition("/")[0] == address for one in vip.addresses):
            return vip
    return None


def by_plan(plan: Plan, address: str, source: str, target: str) -> Migration:
    """Return what would become of a VIP's address."""
    return Migration(address=address, source=source, target=target, proven=True, outcome=Outcome.PROVEN, text=plan.text)


def by_move(move: MoveResult, address: str, source: str, target: str) -> Migration:
    """Return what became of a VIP's address."""
    return Migration(
        address=address,
        source=source,
        target=target,
        proven=move.proven,
        outcome=move.outcome,
        text=move.text,
        steps=move.steps,
    )


def plain(text: str) -> str:
    """Return the address as programs write it; BadRequest if it is none."""
    try:
        return str(ip_address(text.partition("/")[0]))
    except ValueError:
        raise BadRequest(f"{text!r:.80} is not an IP address") from None


def check_nodes(status: Status, source: str, target: str) -> None:
    """BadRequest or Refused, unless these are two living nodes of the cluster."""
    if source == target:
        raise BadRequest(f"--from and --to are both {source}")
    for name in (source, target):
        node = next((one for one in status.nodes if one.name == name), None)
        if node is None:
            known = ", ".join(one.name for one in status.nodes)
            raise UnknownNode(f"no node of cluster {status.cluster} is named {name!r:.80}; known: {known}")
        if not node.alive:
            raise Refused(f"{name} is not alive, so nothing can be done on its host")
