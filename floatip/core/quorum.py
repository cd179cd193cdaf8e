"""A majority of the configured brokers: what holds on that many of them (design 4.4, rule 8)."""

from collections.abc import Iterable

from floatip.core.majority import kth_largest, kth_smallest
from floatip.core.types import Policy, VipName
from floatip.core.view import View


def owned_until(views: Iterable[View], quorum: int, vip: VipName) -> float:
    """Until when a majority upholds this node's ownership, unless something comes back; in the past if none does."""
    return kth_largest((view.held_until(vip) for view in views), quorum)


def fresh_at(views: Iterable[View], quorum: int, vip: VipName) -> float:
    """When the messages were sent by which a majority upholds the ownership: the oldest of the newest."""
    return kth_largest((view.fresh_at(vip) for view in views), quorum)


def claimable_at(views: Iterable[View], quorum: int, vip: VipName, policy: Policy, listen_s: float) -> float:
    """From when a majority may be claimed; infinity without sessions on that many brokers."""
    return kth_smallest((view.claimable_at(vip, policy, listen_s) for view in views), quorum)


def listened_on(views: Iterable[View], quorum: int, listen_s: float) -> float:
    """From when on a majority has been listened to for so long; infinity without sessions on that many."""
    return kth_smallest((view.listening_since + listen_s for view in views), quorum)
