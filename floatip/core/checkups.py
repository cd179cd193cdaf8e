"""Whether the services of this host are well: what checks saw, counted (rise, fall). Never: what follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass

from floatip.core.types import CheckName, CheckSpec, VipSpec

LEAST_PRIORITY = 1
MOST_PRIORITY = 254
"""As in VRRP: 255 would be that of whoever owns the address for good."""


@dataclass(slots=True)
class Checkup:
    """One check. Until it is known, one success is enough to pass, and ``fall`` failures in a row to fail."""

    spec: CheckSpec
    passes: bool | None = None
    """None: it has not looked often enough to say."""
    output: str = ""
    """What it said last; of a failing one, when it last failed."""
    _passed: bool | None = None
    _run: int = 0

    def heard(self, output: str, *, passed: bool) -> bool:
        """Count one result; return whether it changes what is known."""
        self._run = self._run + 1 if passed is self._passed else 1
        self._passed = passed
        if not passed or self.passes is not False:
            self.output = output
        need = self.spec.fall if not passed else 1 if self.passes is None else self.spec.rise
        if self.passes is passed or self._run < need:
            return False
        self.passes, self.output = passed, output
        return True


class Checkups:
    """All checks of this node."""

    def __init__(self, specs: Iterable[CheckSpec] = ()) -> None:
        self.all = {spec.name: Checkup(spec) for spec in specs}

    def replace(self, specs: Iterable[CheckSpec]) -> None:
        """These are the checks from now on; what is known of those that stay is kept."""
        known, self.all = self.all, {spec.name: Checkup(spec) for spec in specs}
        for name, one in self.all.items():
            if name in known:
                one.passes, one.output = known[name].passes, known[name].output

    def heard(self, name: CheckName, output: str, *, passed: bool) -> Checkup | None:
        """Count one result; return the check if that changes what is known of it."""
        one = self.all.get(name)
        return one if one is not None and one.heard(output, passed=passed) else None

    def _of(self, spec: VipSpec) -> list[Checkup]:
        return [self.all[name] for name in spec.checks if name in self.all]

    def failing(self, spec: VipSpec) -> tuple[str, ...]:
        """The faults of a VIP: checks without a weight that fail, with what they said."""
        return tuple(
            f"check {one.spec.name} fails" + (f": {one.output}" if one.output else "")
            for one in self._of(spec)
            if one.passes is False and one.spec.weight == 0
        )

    def pending(self, spec: VipSpec) -> tuple[str, ...]:
        """Why a VIP is not to be claimed yet, though an owner keeps it: checks that have not passed so far."""
        return tuple(
            f"check {one.spec.name} has not passed yet"
            for one in self._of(spec)
            if one.passes is None and one.spec.weight == 0
        )

    def weighing(self, spec: VipSpec) -> tuple[str, ...]:
        """What changes the priority of a VIP: checks with a weight that fail."""
        return tuple(
            f"check {one.spec.name} fails, priority {one.spec.weight:+d}" + (f": {one.output}" if one.output else "")
            for one in self._of(spec)
            if one.passes is False and one.spec.weight != 0
        )

    def weighs(self, spec: VipSpec) -> bool:
        """Whether checks change the priority of the VIP."""
        return any(one.spec.weight for one in self._of(spec))

    def priority(self, spec: VipSpec) -> int:
        """The effective priority of a VIP: its own, and the weights of the checks that fail."""
        weights = sum(one.spec.weight for one in self._of(spec) if one.passes is False)
        return max(LEAST_PRIORITY, min(MOST_PRIORITY, spec.priority + weights)) if weights else spec.priority
