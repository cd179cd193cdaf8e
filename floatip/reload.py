"""From one configuration to another in service: all of the new one, or nothing (SIGHUP, ``floatip reload``).

Knows: what a running daemon can change. Never: how a VIP is given up or begun anew; that is decided in the core.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Any

import structlog

from floatip import __version__
from floatip.bus.errors import BusError
from floatip.bus.signing import Keys, load_keys
from floatip.config import Config, ConfigError, load, warnings
from floatip.core import events as ev
from floatip.hands.bus import BusHand
from floatip.hands.errands import ErrandHand
from floatip.hands.kernel import KernelHand
from floatip.hands.lan import LanHand
from floatip.host.errors import HostError
from floatip.kernelsettings import KernelSettings
from floatip.observe.logs import set_level
from floatip.ops.errors import BadRequest, Refused
from floatip.preflight import RefusalError, refuse_foreign, refuse_missing
from floatip.services import Services

RESTART = (
    ("cluster",),
    ("node",),
    ("state_dir",),
    ("mqtt",),
    ("timing", "heartbeat"),
    ("timing", "lease"),
    ("timing", "kernel_lifetime"),
    ("log", "format"),
    ("control",),
    ("http",),
)
"""What a running daemon cannot change."""
_TABLES = ("vip", "check", "alias")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """Who acts by a configuration."""

    kernel: KernelHand
    lan: LanHand
    bus: BusHand
    errands: ErrandHand
    settings: KernelSettings
    services: Services


class Reloader:
    """Reads the file again for one daemon; one reload at a time."""

    def __init__(self, path: Path, config: Config, hands: Hands, post: Callable[[ev.Event], None]) -> None:
        self._path = path
        self._config = config
        self._hands = hands
        self._post = post
        self._busy = asyncio.Lock()

    async def reload(self) -> tuple[str, ...]:
        """Go by what the file says now, and return what that changes.

        BadRequest with all that is wrong in it, or Refused; nothing has changed then.
        """
        async with self._busy:
            try:
                config, keys = await asyncio.to_thread(self._read)
            except ConfigError as error:
                raise BadRequest(f"the configuration is not changed:\n{error}") from None
            except BusError as error:
                raise Refused(f"nothing is changed: {error}") from None
            before, after = (one.model_dump(mode="json", by_alias=True) for one in (self._config, config))
            if fixed := [".".join(path) for path in RESTART if _at(before, path) != _at(after, path)]:
                what = ", ".join(fixed)
                raise Refused(f"{what} cannot change in service, so nothing is changed; restart this daemon instead")
            try:
                self._apply(config, keys)
            except (RefusalError, HostError) as error:
                raise Refused(f"nothing is changed: {error}") from None
            self._config = config
            return tuple(_changes(before, after))

    def _read(self) -> tuple[Config, Keys]:
        """Read all files, in a thread: a file may be slow, and a pipe would be waited for without end."""
        with suppress(OSError):  # what cannot be looked at cannot be read either, and that is told better
            if not S_ISREG(self._path.stat().st_mode):
                raise ConfigError(f"{self._path}: is no regular file: it cannot be read again in service")
        config = load(self._path)
        return config, load_keys(config.security.keys)

    def _apply(self, config: Config, keys: Keys) -> None:
        refuse_missing(config)
        known = {placed.address for vip in self._config.vips for placed in vip.addresses}
        refuse_foreign(self._hands.kernel, config, besides=known)
        self._hands.settings.apply(config)
        set_level(config.log.level)
        for warning in warnings(config):
            structlog.get_logger().warning(warning)
        self._hands.bus.rekey(keys)
        self._hands.lan.set_rate(config.garp.rate)
        self._hands.errands.documented = config.documented
        self._hands.services.configure(config)
        self._post(ev.Reconfigured(spec=config.node_spec(__version__)))


def _at(document: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def _changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """One sentence for each thing that differs."""
    for table in sorted(before.keys() | after.keys()):
        if before[table] == after[table]:
            continue
        if table in _TABLES:
            yield from _differences(table, before[table], after[table])
        else:
            yield f"[{table}] has changed" if isinstance(before[table], dict) else f"[[{table}]] has changed"


def _differences(table: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Iterator[str]:
    """Each entry by its name, with the keys that differ."""
    old, new = ({one.get("name", one.get("address")): one for one in entries} for entries in (before, after))
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield f"{table} {name} is gone"
        elif name not in old:
            yield f"{table} {name} is new"
        elif old[name] != new[name]:
            keys = sorted(key for key in new[name] if old[name].get(key) != new[name][key])
            yield f"{table} {name}: {', '.join(keys)}"
