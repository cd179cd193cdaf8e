"""What a request of an operator becomes: plans, events for the engine, answers. Knows: requests. Never: sockets."""

import json
import secrets
import time
from asyncio import timeout
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any, Protocol, assert_never

from floatip.control.line import Line
from floatip.core import events as ev
from floatip.core.effects import Answer, Outcome, Progress
from floatip.core.messages import Errand, Task
from floatip.core.snapshot import Snapshot
from floatip.core.types import DirectiveKind, NodeName, VipName
from floatip.ops import wire
from floatip.ops.errors import Failed, Refused, TimedOut
from floatip.ops.explain import explain
from floatip.ops.models import EventRecord, MoveResult, OrderResult, Plan, Step, to_document
from floatip.ops.orders import Wanted, wanted
from floatip.ops.plan import known_node, known_vip, plan

GRACE_S = 2.0
"""How much later than asked for the backend may answer; the request has then timed out all the same."""
ANNOUNCE_S = 5.0

Asked = ev.FailoverAsked | ev.AnnounceAsked | ev.DirectiveAsked | ev.ErrandAsked
Doable = (
    wire.FailoverRequest
    | wire.AnnounceRequest
    | wire.OrderRequest
    | wire.ExplainRequest
    | wire.ErrandRequest
    | wire.ReloadRequest
)


class Backend(Protocol):
    """What the daemon offers to its clients. Every method but ``ask``, ``reload`` and ``follow`` returns at once."""

    def snapshot(self) -> Snapshot:
        """Return the cluster as this node sees it now."""

    def ask(self, event: Asked, answers: int) -> AsyncGenerator[Progress | Answer, None]:
        """Put the request to the engine; yield its steps, and as many Answers as things were asked about."""

    async def reload(self) -> tuple[str, ...]:
        """Read the configuration again and return what that changes; FloatipError, and nothing has changed."""

    def history(self) -> list[EventRecord]:
        """Return what happened, oldest first, as far as it is remembered."""

    def follow(self) -> AsyncIterator[EventRecord]:
        """Yield what happens from this call on; end for a follower that has fallen too far behind."""


class Dialogue:
    """One request put to the engine: its steps are sent as they come, its answers gathered.

    It goes on to its end without the client, so that what belongs together is not left half done.
    """

    def __init__(self, backend: Backend, line: Line) -> None:
        self.answers: dict[str, Answer] = {}
        self.steps: dict[str, list[Step]] = {}
        self._backend = backend
        self._line = line
        self._heard = True

    async def ask(self, event: Asked, abouts: Sequence[str], within_s: float) -> None:
        """Ask, and wait for an answer about each; what has none by then has timed out."""
        began = time.monotonic()
        try:
            async with timeout(within_s), aclosing(self._backend.ask(event, len(abouts))) as items:
                async for item in items:
                    if isinstance(item, Answer):
                        self.answers[item.about] = item
                    else:
                        await self._step(item, round((time.monotonic() - began) * 1000))
        except TimeoutError:
            pass
        for about in abouts:
            if about not in self.answers:
                text = f"no answer about {about} within {within_s:g} s; `floatip status` shows how it is now"
                self.answers[about] = Answer(id=event.id, about=about, outcome=Outcome.TIMED_OUT, text=text)

    async def _step(self, item: Progress, at_ms: int) -> None:
        step = Step(about=item.about, text=item.text, at_ms=at_ms)
        self.steps.setdefault(item.about, []).append(step)
        if self._heard:
            try:
                await self._line.send(wire.encode_reply("step", step))
            except OSError:
                self._heard = False


class Dispatcher:
    """Carries out requests, each with its own dialogue."""

    def __init__(self, backend: Backend, *, wall_clock: Callable[[], float]) -> None:
        self._backend = backend
        self._wall_clock = wall_clock

    async def carry_out(self, request: Doable, line: Line) -> None:
        """Do what is asked and send the result; a FloatipError says why it is not done."""
        match request:
            case wire.FailoverRequest():
                await self._failover(request, line)
            case wire.AnnounceRequest():
                known_vip(self._backend.snapshot(), request.vip)
                event = ev.AnnounceAsked(id=_new_id(), vip=VipName(request.vip), timeout_s=ANNOUNCE_S)
                await self._moves(event, [request.vip], ANNOUNCE_S, line)
            case wire.OrderRequest():
                await self._order(request, line)
            case wire.ExplainRequest():
                found = explain(self._backend.snapshot(), request.vip, wall_s=self._wall_clock())
                await line.send(wire.encode_reply("result", {"explanation": to_document(found)}))
            case wire.ErrandRequest():
                await self._errand(request, line)
            case wire.ReloadRequest():
                await line.send(wire.encode_reply("result", {"changes": list(await self._backend.reload())}))
            case _:
                assert_never(request)

    # -- failover -----------------------------------------------------------------------------------------------------

    async def _failover(self, request: wire.FailoverRequest, line: Line) -> None:
        """Plan all of the moves, then make them at once, the frozen ones one by one after the others.

        Nothing is begun if one of them is refused.
        """
        snapshot = self._backend.snapshot()
        names = tuple(dict.fromkeys(request.vips))
        plans = [plan(snapshot, vip, request.to, force=request.force) for vip in names]
        if request.dry_run:
            await line.send(wire.encode_reply("result", {"plans": [to_document(each) for each in plans]}))
            return
        line.check()
        frozen = {vip.name for vip in snapshot.vips if vip.frozen_for is not None}
        moving = [each for each in plans if not each.done]
        results = [_done(each) for each in plans if each.done]
        free = [each for each in moving if each.vip not in frozen]
        if free:
            results += await self._move(free, request.to, request.timeout_s, line)
        for each in moving:
            if each.vip in frozen:
                results.append(await self._force(each, request.timeout_s, line))
        by_name = {result.vip: result for result in results}
        await line.send(wire.encode_reply("result", {"moves": [to_document(by_name[name]) for name in names]}))

    async def _move(self, plans: list[Plan], to: str | None, timeout_s: float, line: Line) -> list[MoveResult]:
        """Make the moves, all to one node or each to its best backup."""
        event = ev.FailoverAsked(
            id=_new_id(),
            vips=tuple(VipName(each.vip) for each in plans),
            to=None if to is None else NodeName(to),
            timeout_s=timeout_s,
        )
        dialogue = Dialogue(self._backend, line)
        await dialogue.ask(event, [each.vip for each in plans], timeout_s + GRACE_S)
        return self._results([each.vip for each in plans], dialogue)

    async def _force(self, forced: Plan, timeout_s: float, line: Line) -> MoveResult:
        """Move a frozen VIP: it is frozen for its target first, and in the end for whoever owns it then."""
        line.check()
        await self._freeze(forced.vip, forced.target, line)
        owner = forced.owner
        try:
            (result,) = await self._move([forced], forced.target, timeout_s, line)
            owner = result.owner or owner
            return result
        finally:
            await self._freeze(forced.vip, owner, line)

    async def _freeze(self, vip: str, owner: str, line: Line) -> None:
        """Freeze a VIP for a node."""
        event = ev.DirectiveAsked(
            id=_new_id(), kind=DirectiveKind.FREEZE, subjects=(vip,), value=owner, timeout_s=ANNOUNCE_S
        )
        await Dialogue(self._backend, line).ask(event, [vip], ANNOUNCE_S + GRACE_S)

    async def _moves(self, event: Asked, vips: list[str], within_s: float, line: Line) -> None:
        dialogue = Dialogue(self._backend, line)
        await dialogue.ask(event, vips, within_s + GRACE_S)
        results = self._results(vips, dialogue)
        await line.send(wire.encode_reply("result", {"moves": [to_document(result) for result in results]}))

    def _results(self, vips: Sequence[str], dialogue: Dialogue) -> list[MoveResult]:
        """Return how it ended for each, and who owns it now."""
        owners = {one.name: one.owner for one in self._backend.snapshot().vips}
        return [
            MoveResult(
                vip=vip,
                proven=answer.outcome is Outcome.PROVEN,
                outcome=answer.outcome,
                text=answer.text,
                owner=owners.get(VipName(vip)),
                steps=tuple(dialogue.steps.get(vip, ())),
            )
            for vip in vips
            for answer in (dialogue.answers[vip],)
        ]

    # -- orders that last ---------------------------------------------------------------------------------------------

    async def _order(self, request: wire.OrderRequest, line: Line) -> None:
        """Give the orders, once none of them would be refused."""
        orders = wanted(self._backend.snapshot(), request)
        if request.dry_run:
            await line.send(wire.encode_reply("result", {"plans": [text for one in orders for text in one.text]}))
            return
        line.check()
        results = [result for order in orders for result in await self._give(order, request, line)]
        await line.send(wire.encode_reply("result", {"orders": [to_document(result) for result in results]}))

    async def _give(self, order: Wanted, request: wire.OrderRequest, line: Line) -> list[OrderResult]:
        event = ev.DirectiveAsked(
            id=_new_id(),
            kind=order.kind,
            subjects=tuple(dict.fromkeys(order.subjects)),
            value=order.value,
            lasts_s=request.lasts_s,
            timeout_s=request.timeout_s,
        )
        dialogue = Dialogue(self._backend, line)
        await dialogue.ask(event, event.subjects, request.timeout_s + GRACE_S)
        return [
            OrderResult(
                subject=subject,
                proven=answer.outcome is Outcome.PROVEN,
                outcome=answer.outcome,
                text=answer.text,
                steps=tuple(dialogue.steps.get(subject, ())),
            )
            for subject in event.subjects
            for answer in (dialogue.answers[subject],)
        ]

    # -- errands ------------------------------------------------------------------------------------------------------

    async def _errand(self, request: wire.ErrandRequest, line: Line) -> None:
        snapshot = self._backend.snapshot()
        node = known_node(snapshot, request.node)
        if not node.alive:
            raise Refused(f"{request.node} is not alive, so nothing can be done on its host")
        errand = Errand(
            task=Task(request.task),
            address=request.address,
            prefix=request.prefix,
            interface=request.interface,
            lifetime_s=request.lifetime_s,
        )
        event = ev.ErrandAsked(id=_new_id(), at=NodeName(request.node), errand=errand, timeout_s=request.timeout_s)
        dialogue = Dialogue(self._backend, line)
        await dialogue.ask(event, [request.node], request.timeout_s + GRACE_S)
        answer = dialogue.answers[request.node]
        await line.send(wire.encode_reply("result", {"text": answer.text, "data": _data(answer)}))


def _data(answer: Answer) -> Any:
    """Return what an errand brought; the error of its kind if it brought nothing."""
    match answer.outcome:
        case Outcome.REFUSED:
            raise Refused(answer.text)
        case Outcome.TIMED_OUT:
            raise TimedOut(answer.text)
        case Outcome.FAILED | Outcome.UNPROVEN:
            raise Failed(answer.text)
        case _:
            try:
                return json.loads(answer.data) if answer.data else None
            except (ValueError, RecursionError):
                raise Failed(f"{answer.about} sent something that is not understood: another version?") from None


def _done(planned: Plan) -> MoveResult:
    """Return the result of a move that need not be made."""
    outcome = Outcome.PROVEN if planned.proven else Outcome.UNPROVEN
    return MoveResult(vip=planned.vip, proven=planned.proven, outcome=outcome, text=planned.text, owner=planned.owner)


def _new_id() -> str:
    return secrets.token_hex(8)
