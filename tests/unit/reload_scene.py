"""A daemon that runs by a file, on a false host: what the tests of a reload stand on."""

from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from floatip import reload as reload_module
from floatip.bus.signing import Keys
from floatip.config import Config, load
from floatip.core import events as ev
from floatip.host.addresses import Found
from floatip.host.errors import HostError
from floatip.ops.errors import FloatipError
from floatip.reload import Hands, Reloader

FILE = """
cluster = "web"
node = "n1"
[mqtt]
brokers = ["mqtt://10.78.0.1:1883"]
[[vip]]
name = "web"
addresses = ["10.77.0.50"]
interfaces = ["eth0"]
"""
MAIL = """
[[vip]]
name = "mail"
addresses = ["10.77.0.51"]
interfaces = ["eth0"]
"""


class FalseHands:
    """Hands that remember what they were told, in which order; each can refuse."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.present: list[Found] | HostError = []
        self.settings_error: HostError | None = None
        self.documented: object = {}
        self.kernel = self.addresses = self
        self.all = Hands(
            kernel=self,  # type: ignore[arg-type]  # all of them are false
            lan=self,  # type: ignore[arg-type]
            bus=self,  # type: ignore[arg-type]
            errands=self,  # type: ignore[arg-type]
            settings=self,  # type: ignore[arg-type]
            services=self,  # type: ignore[arg-type]
        )

    def __setattr__(self, name: str, value: object) -> None:
        """Plain attributes; what is documented is told like all else."""
        if name == "documented" and "told" in self.__dict__ and value != {}:
            self.told.append(("documented", value))
        super().__setattr__(name, value)

    def apply(self, config: Config) -> None:
        """Set sysctls, or not."""
        if self.settings_error is not None:
            raise self.settings_error
        self.told.append(("sysctls", config.interfaces))

    def configure(self, config: Config) -> None:
        """Have other checks and hooks."""
        self.told.append(("services", config))

    def rekey(self, keys: Keys) -> None:
        """Take other keys."""
        self.told.append(("keys", len(keys.secrets)))

    def set_rate(self, rate_per_s: float) -> None:
        """Take another pace."""
        self.told.append(("rate", rate_per_s))


class FalseAddresses:
    """The kernel's addresses, as the hand tells them."""

    def __init__(self, hands: FalseHands) -> None:
        self._hands = hands

    def present(self) -> list[Found]:
        """Say what there is, or fail."""
        if isinstance(self._hands.present, HostError):
            raise self._hands.present
        return self._hands.present


class Scene:
    """A daemon that runs by a file, and what a reload does with it."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path / "f.toml"
        self.links = {"eth0": SimpleNamespace(), "eth1": SimpleNamespace()}
        self.levels: list[str] = []
        self.posted: list[ev.Reconfigured] = []
        self.hands = FalseHands()
        self.hands.addresses = FalseAddresses(self.hands)  # type: ignore[assignment]  # a part of it
        self.write(FILE)
        monkeypatch.setattr("floatip.preflight.links", lambda: self.links)
        monkeypatch.setattr(reload_module, "set_level", self.levels.append)
        self.reloader = Reloader(self.path, load(self.path), self.hands.all, self.post)

    def post(self, event: ev.Event) -> None:
        """Take an event for the engine."""
        assert isinstance(event, ev.Reconfigured)
        self.hands.told.append(("engine", [vip.name for vip in event.spec.vips]))
        self.posted.append(event)

    def write(self, text: str) -> None:
        """Have the file say this."""
        self.path.write_text(text)

    async def reloads(self, text: str) -> tuple[str, ...]:
        """Have the file say this, and read it again."""
        self.write(text)
        return await self.reloader.reload()

    async def refuses(self, text: str) -> FloatipError:
        """Have the file say this, and read it again: nothing may come of it."""
        self.hands.told.clear()
        self.levels.clear()
        with pytest.raises(FloatipError) as caught:
            await self.reloads(text)
        assert (self.hands.told, self.levels) == ([], [])
        return caught.value


def found(address: str, *, ours: bool = False) -> Found:
    """Return an address that the kernel has."""
    return Found(
        address=ip_address(address),
        prefix=24,
        interface="eth1",
        label="",
        valid_lft_s=None,
        proto=0,
        ours=ours,
    )


def with_(text: str, old: str, new: str) -> str:
    """Change a file."""
    assert old in text
    return text.replace(old, new)
