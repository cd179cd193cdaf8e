"""Faults of brokers: each function breaks one thing and tells how to mend it."""

from random import Random

from floatip.lab.broker import Broker
from tests.campaign.fault import Begun
from tests.campaign.scene import Scene


def _some(scene: Scene, dice: Random, number: int) -> list[Broker]:
    return dice.sample(list(scene.cluster.brokers.values()), number)


def _names(brokers: list[Broker]) -> str:
    names = [broker.host for broker in brokers]
    return f"broker{'s' if len(names) > 1 else ''} {' and '.join(names)}"


def _killed(scene: Scene, dice: Random, number: int) -> Begun:
    brokers, forgets = _some(scene, dice, number), dice.random() < 0.5
    for broker in brokers:
        broker.kill()

    def start() -> None:
        for broker in brokers:
            if forgets:
                broker.forget()
            broker.start()

    return Begun(text=f"{_names(brokers)} killed{_memory(scene, forgets)}", end=start)


def _frozen(scene: Scene, dice: Random, number: int) -> Begun:
    brokers = _some(scene, dice, number)
    for broker in brokers:
        broker.freeze()

    def thaw() -> None:
        for broker in brokers:
            broker.thaw()

    return Begun(text=f"{_names(brokers)} frozen", end=thaw)


def _memory(scene: Scene, forgets: bool) -> str:
    return ", remembers" if scene.layout.persistence and not forgets else ", forgets"


def one_killed(scene: Scene, dice: Random) -> Begun:
    """SIGKILL of one broker: no wills."""
    return _killed(scene, dice, 1)


def two_killed(scene: Scene, dice: Random) -> Begun:
    """SIGKILL of two of three brokers."""
    return _killed(scene, dice, 2)


def one_frozen(scene: Scene, dice: Random) -> Begun:
    """SIGSTOP of one broker: connections stay open, nothing is delivered."""
    return _frozen(scene, dice, 1)


def two_frozen(scene: Scene, dice: Random) -> Begun:
    """SIGSTOP of two of three brokers."""
    return _frozen(scene, dice, 2)


def restarted(scene: Scene, dice: Random) -> Begun:
    """A broker is stopped in good order, with everybody's will, and started again, with what it retained or not."""
    (broker,), forgets = _some(scene, dice, 1), dice.random() < 0.5
    broker.stop()

    def start() -> None:
        if forgets:
            broker.forget()
        broker.start()

    return Begun(text=f"{_names([broker])} stopped in good order{_memory(scene, forgets)}", end=start)
