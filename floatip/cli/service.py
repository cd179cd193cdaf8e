"""The verbs of one host: its daemon, its configuration, its keys. Knows: which room does it. Never: does it.

Each verb imports the room that it enters: they are heavy.
"""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from floatip.cli.options import Ended, Settings, complain

if TYPE_CHECKING:
    from floatip.config import Config

ConfigOption = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="If not $FLOATIP_CONFIG, nor else /etc/floatip/floatip.toml."),
]


def run(
    _settings: Settings,
    config: ConfigOption = None,
    lock_memory: Annotated[bool, typer.Option("--lock-memory", help="Have none of its memory paged out.")] = False,
) -> int:
    """Run the daemon in the foreground."""
    loaded, path = _load(config)
    from floatip.lean import slim

    with slim():
        from floatip import daemon

    return daemon.run(loaded, path, lock_memory=lock_memory)


def check(
    settings: Settings,
    config: ConfigOption = None,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of the configuration.")] = False,
) -> int:
    """Read the configuration and say all that is wrong with it."""
    from floatip.config import Config, ConfigError, find, load, warnings

    if schema:
        print(json.dumps(Config.json_schema(), indent=2))
        return 0
    path = find(config, os.environ)
    errors: list[str] = []
    advice: list[str] = []
    summary = ""
    try:
        loaded = load(path)
        advice = warnings(loaded)
        summary = f"cluster {loaded.cluster}, node {loaded.node}, {_count(len(loaded.vips), 'VIP')}"
    except ConfigError as error:
        errors = list(error.errors)
    if settings.json:
        print(json.dumps({"file": str(path), "valid": not errors, "errors": errors, "warnings": advice}))
        return 2 if errors else 0
    if errors:
        raise Ended(2, *errors)
    print(f"{path}: valid: {summary}")
    for sentence in advice:
        complain(f"warning: {sentence}")
    return 0


def cleanup(
    _settings: Settings,
    config: ConfigOption = None,
    force: Annotated[bool, typer.Option("--force", help="Remove permanent addresses too.")] = False,
) -> int:
    """Remove this host's leftover VIPs, after its daemon has ended.

    Where the service manager starts a failed daemon again at once, the sentinel holds them for it meanwhile.
    """
    loaded, _ = _load(config)
    from floatip import __version__
    from floatip.core.types import REMOVAL_DELAY_S
    from floatip.hands.places import aliases_of
    from floatip.host.cleanup import clean_up
    from floatip.host.errors import HostError
    from floatip.host.predecessor import guards

    spec = loaded.node_spec(__version__)
    lasts_s = max((spec.timing.lifetime_s(vip.policy) for vip in spec.vips), default=0) + REMOVAL_DELAY_S
    aliases = [alias for vip in spec.vips for alias in aliases_of(vip, vip.interfaces[0])]
    try:
        if _starts_again() and not force and guards():
            print("the daemon starts again: leaves its addresses to the sentinel until then", flush=True)
            return 0
        failed = clean_up(aliases, patience_s=lasts_s, foreign_too=force, tell=lambda text: print(text, flush=True))
    except HostError as error:
        raise Ended(4, f"floatip: {error}") from error
    for reason in failed:
        complain(reason)
    return 1 if failed else 0


def _starts_again() -> bool:
    """Whether systemd calls after a failure that the unit answers with a restart (systemd.exec(5), SERVICE_RESULT)."""
    result, status = os.environ.get("SERVICE_RESULT", "success"), os.environ.get("EXIT_STATUS")
    return result != "success" and status != "2"


def keygen(settings: Settings, file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")]) -> int:
    """Make a cluster key that only its owner can read."""
    from floatip.bus.errors import BusError
    from floatip.bus.signing import generate_key

    there = file.exists()
    try:
        generate_key(file)
    except BusError as error:
        raise Ended(4 if there else 1, f"floatip: {error}") from error
    if settings.json:
        print(json.dumps({"file": str(file)}))
    else:
        print(f"{file}: written with mode 0600; copy it to every node and name it under [security] keys")
    return 0


def broker(
    _settings: Settings,
    listen: Annotated[str, typer.Option("--listen", metavar="ADDR:PORT", help="Where to listen.")] = "127.0.0.1:1883",
) -> int:
    """Run the embedded MQTT broker alone, in the foreground."""
    from floatip.bus.embedded import serve
    from floatip.bus.errors import BusError

    try:
        serve(listen)
    except BusError as error:
        raise Ended(1, f"floatip: {error}") from error
    return 0


def demo(_settings: Settings) -> int:
    """Show a cluster at work, in private network namespaces."""
    from floatip.lab.demo import main

    return main()


def _load(option: Path | None) -> "tuple[Config, Path]":
    """Return the configuration and where it was found; all of its errors end the verb."""
    from floatip.config import ConfigError, find, load

    path = find(option, os.environ)
    try:
        return load(path), path
    except ConfigError as error:
        raise Ended(2, *error.errors) from error


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
