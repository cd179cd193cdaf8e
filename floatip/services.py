"""From the configuration to the hands that look at services and call programs. Knows: both forms. Never: when."""

from collections.abc import Callable, Mapping, Sequence

import structlog

from floatip.config import Config
from floatip.core import events as ev
from floatip.core.types import Address, VipName
from floatip.hands.asking import AskingHand
from floatip.hands.hooks import Hook, HookHand
from floatip.hands.lan import LanHand
from floatip.health.checks import Checks


class Services:
    """The checks and hooks of one daemon."""

    def __init__(self, config: Config, lan: LanHand, post: Callable[[ev.Event], None]) -> None:
        log = structlog.get_logger()
        self.checks = Checks(config.checks_in_use, post=post, ask=AskingHand(lan.lan, lan.overhear).who_has)
        self.hooks = HookHand(
            _hooks(config),
            cluster=config.cluster,
            node=config.node,
            addresses=_addresses(config),
            info=log.info,
            warn=log.warning,
        )

    def configure(self, config: Config) -> None:
        """Go by this from now on; what did not change goes on untouched."""
        self.checks.replace(config.checks_in_use)
        self.hooks.replace(_hooks(config), _addresses(config))


def _hooks(config: Config) -> tuple[Hook, ...]:
    return tuple(
        Hook(
            on=frozenset(hook.on),
            command=hook.command,
            vips=frozenset(hook.vips),
            keepalived_arguments=hook.keepalived_arguments,
            keepalived_name=hook.keepalived_name,
            timeout_s=hook.timeout_s,
        )
        for hook in config.hooks
    )


def _addresses(config: Config) -> Mapping[VipName, Sequence[Address]]:
    return {VipName(vip.name): tuple(placed.address for placed in vip.addresses) for vip in config.vips}
