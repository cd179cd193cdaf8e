"""One view of one broker on a stage of its own: what the tests of the rules stand on."""

from floatip.core.messages import Message
from floatip.core.types import Policy, VipName
from floatip.core.view import Heard, View
from tests.unit.core.stage import TERMS, WEB, A, D, L, X, a_beat, a_claim, a_listing

POLICIES = {WEB: Policy.KEEP, VipName("mail"): Policy.KEEP}
INCARNATION = 50


class Scene:
    """A view with its session up at 0 s, at the end of its listening time."""

    def __init__(self) -> None:
        self.view = View(X, A, L, TERMS)
        self.view.session_up(INCARNATION, 1, 0.0)

    def claims(self, now: float) -> Message:
        """Say a claim that has not come back."""
        return self.view.say(a_claim(), now)

    def beats(self, now: float) -> Message:
        """Say a heartbeat that has not come back."""
        return self.view.say(a_beat(a_listing()), now)

    def hears(self, message: Message, now: float) -> Heard:
        """Take a message."""
        return self.view.hear(message, POLICIES, now)

    def holds(self, now: float) -> "Scene":
        """Claim, and hear it come back at once."""
        self.hears(self.claims(now), now)
        assert self.held(now)
        return self

    def held(self, now: float) -> bool:
        """Look whether the VIP is held."""
        self.view.lapse(now)
        return self.view.held(WEB, now)

    def claimable_at(self) -> float:
        """Look from when on it may be claimed."""
        return self.view.claimable_at(WEB, Policy.KEEP, D)
