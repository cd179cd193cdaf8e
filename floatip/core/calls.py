"""What hooks are called for: changes of role that mean something outside. Knows: roles. Never: changes one."""

from floatip.core.effects import CallHooks
from floatip.core.situation import Situation
from floatip.core.types import Mac, Occasion, Role, VipSpec


def occasion(was: Role, now: Role, told: Occasion | None) -> Occasion | None:
    """What a change of role means to the hooks, after they were last ``told`` something; None: nothing new."""
    match now:
        case Role.OWNER | Role.ISOLATED:
            return None if told is Occasion.ACQUIRED else Occasion.ACQUIRED
        case Role.BACKUP if told is Occasion.ACQUIRED:
            return Occasion.RELEASED
        case Role.BACKUP if was in {Role.INIT, Role.FAULT}:
            return Occasion.BACKUP
        case Role.FAULT:
            return Occasion.FAULT
        case _:
            return None


class Calls:
    """The hooks' view of one VIP of this node."""

    def __init__(self, situation: Situation) -> None:
        self._s = situation
        self._told: Occasion | None = None

    def became(self, spec: VipSpec, was: Role, now: Role, *, term: int, why: str) -> None:
        """The role has changed: call the hooks if that means something new to them."""
        what = occasion(was, now, self._told)
        if what is not None:
            self._told = what
            self.call(what, spec, was, now, term=term, why=why)

    def call(
        self, what: Occasion, spec: VipSpec, was: Role, now: Role, *, term: int, why: str, mac: Mac | None = None
    ) -> None:
        """Call the hooks; of a conflict, ``mac`` is who answered."""
        owner = self._s.node if now in {Role.OWNER, Role.ISOLATED} else self._s.last_owners.get(spec.name)
        mine = self._told is Occasion.ACQUIRED
        self._s.do(
            CallHooks(
                occasion=what,
                vip=spec.name,
                was=was,
                now=now,
                term=term,
                priority=self._s.checkups.priority(spec),
                owner=owner if mine or owner != self._s.node else None,
                why=why,
                mac=mac,
                stops=self._s.stopping,
            )
        )
