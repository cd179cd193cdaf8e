"""`floatip import`: configurations of others. Knows: which room reads them. Never: how."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from floatip.cli.options import Ended, Settings, complain

if TYPE_CHECKING:
    from floatip.keepalived import Carried, Entry, Imported, Wishes


def keepalived(
    settings: Settings,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The keepalived.conf of one node.")],
    broker: Annotated[
        list[str] | None,
        typer.Option("--broker", metavar="URL", help="An MQTT broker; 1, 3 or 5 times. Default: one to be changed."),
    ] = None,
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="NAME", help="Default: named after the first VIP.")
    ] = None,
    node: Annotated[str | None, typer.Option("--node", metavar="NAME", help="Default: the router_id.")] = None,
    config_id: Annotated[
        str | None, typer.Option("--config-id", metavar="ID", help="What @ lines are for. Default: this host's name.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write. Default: standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
) -> int:
    """Write the configuration that does what a keepalived.conf does, and list what is not, or not just so, in it."""
    from floatip.keepalived import NothingToImport, Wishes

    wishes = Wishes(brokers=tuple(broker or ()), cluster=cluster, node=node, config_id=config_id)
    try:
        imported = _imported(file, wishes)
    except NothingToImport as nothing:
        _tell(nothing.entries, settings)
        if settings.json:
            print(json.dumps(_document(None, [], nothing.entries)))
        raise Ended(1, f"floatip: {nothing}") from nothing
    if output is not None:
        _write(output, imported.config, force=force)
    _tell(imported.entries, settings)
    if settings.json:
        print(json.dumps(_document(imported.config, imported.carried, imported.entries)))
    elif output is None:
        print(imported.config, end="")
    if not settings.json:
        where = "" if output is None else f"{output}: written; "
        complain(f"{where}{len(imported.carried)} lines carried over, {len(imported.entries)} listed above")
    return 0


def _imported(file: Path, wishes: "Wishes") -> "Imported":
    from floatip.keepalived import KeepalivedError, import_file

    try:
        return import_file(file, wishes)
    except KeepalivedError as error:
        raise Ended(2, f"floatip: {error}") from error


def _write(output: Path, text: str, *, force: bool) -> None:
    from floatip.keepalived.output import put

    try:
        put(output, text, over=force)
    except FileExistsError as error:
        raise Ended(4, f"floatip: {output} is there already; name another file, or write over it by --force") from error
    except OSError as error:
        raise Ended(1, f"floatip: {output} cannot be written: {(error.strerror or str(error)).lower()}") from error


def _tell(entries: "list[Entry]", settings: Settings) -> None:
    """List on standard error, so that standard output is the configuration and nothing else."""
    from floatip.keepalived.output import sentence

    if not settings.json:
        for entry in entries:
            complain(sentence(entry))


def _document(config: str | None, carried: "list[Carried]", entries: "list[Entry]") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "config": config,
        "carried": [asdict(one) for one in carried],
        "not_carried": [asdict(one) for one in entries],
    }
