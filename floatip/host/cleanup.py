"""Takes off this host what a daemon that has ended left on it.

Knows: that a sentinel may still hold it for a while, for clients that have nowhere else to go yet. Never: works beside
a daemon, and never keeps one from starting while it waits.
"""

from collections.abc import Callable, Sequence

from floatip.host.addresses import Addresses, Alias
from floatip.host.errors import SentinelError
from floatip.host.lock import HostLock
from floatip.host.predecessor import await_end
from floatip.host.routes import Routes


def clean_up(
    aliases: Sequence[Alias], *, patience_s: float, foreign_too: bool, tell: Callable[[str], None]
) -> list[str]:
    """Wait for the sentinel, `patience_s` at most, then remove what is left of these; say what failed.

    All rules and routes of floatip go too: no daemon needs them. `foreign_too`: what somebody else put there, too.
    LockError if a daemon runs, or starts meanwhile.
    """
    with HostLock():
        pass
    try:
        ended = await_end(patience_s, tell)
    except SentinelError as error:
        tell(f"{error}; removes what is left")
        ended = True
    if not ended:
        tell(f"the sentinel has not ended within {patience_s:.1f} s; removes what is left beside it")
    with HostLock():
        kernel = Addresses()
        kernel.open()
        try:
            found = kernel.present()
            outcomes = kernel.remove(aliases, foreign_too=foreign_too)
        finally:
            kernel.close()
        unrouted = _remove_routing(tell)
    failed = {outcome.alias.address: outcome.error for outcome in outcomes if outcome.error}
    wanted = {alias.address for alias in aliases}
    for one in found:
        if one.address in wanted and one.address not in failed:
            tell(f"removed {one}")
    return [*failed.values(), *unrouted]


def _remove_routing(tell: Callable[[str], None]) -> list[str]:
    routes = Routes()
    routes.open()
    try:
        change = routes.settle(())
    finally:
        routes.close()
    for item in change.taken:
        tell(f"removed the {item}")
    return [why for _, why in change.failed]
