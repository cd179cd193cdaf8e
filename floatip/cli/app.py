"""The verbs under their names. Knows: which verbs there are. Never: what they do."""

from typing import Annotated

import typer

from floatip import __version__
from floatip.cli import cluster, doctor, hosts, importer, orders, service
from floatip.cli.options import JsonOption, NoColorOption, Settings, SocketOption, verb

app = typer.Typer(
    name="floatip",
    help="Highly available floating IP addresses: one owner per VIP, elected over MQTT, seen by the LAN.",
    epilog="Exit codes: 0 done and proven, 1 failed, 2 usage or configuration, 3 no daemon answers, 4 refused,"
    " 5 done but not proven, 6 timed out, 7 something needs attention.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"floatip {__version__}")
        raise typer.Exit


@app.callback()
def _globals(
    ctx: typer.Context,
    socket: SocketOption = None,
    json: JsonOption = False,
    no_color: NoColorOption = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    ctx.obj = Settings.of(socket=socket, json=json, no_color=no_color)


for _name, _run in (
    ("status", cluster.status),
    ("failover", cluster.failover),
    ("migrate", hosts.migrate),
    ("audit", hosts.audit),
    ("announce", cluster.announce),
    ("explain", cluster.explain),
    ("drain", orders.drain),
    ("undrain", orders.undrain),
    ("pin", orders.pin),
    ("unpin", orders.unpin),
    ("freeze", orders.freeze),
    ("thaw", orders.thaw),
    ("events", cluster.events),
    ("reload", cluster.reload),
    ("run", service.run),
    ("check", service.check),
    ("doctor", doctor.doctor),
    ("cleanup", service.cleanup),
    ("keygen", service.keygen),
    ("broker", service.broker),
    ("demo", service.demo),
):
    app.command(_name)(verb(_run))

importing = typer.Typer(help="Write a configuration from that of another program.", no_args_is_help=True)
importing.command("keepalived")(verb(importer.keepalived))
app.add_typer(importing, name="import")
