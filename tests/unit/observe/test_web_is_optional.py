"""What a daemon without ``[http]`` does not pay for, and what refuses one with it."""

import socket
import subprocess
import sys
from importlib.resources import files
from typing import Any

import pytest

from floatip.config import Config, parse
from floatip.preflight import RefusalError, http_listener


def config(listen: str | None) -> Config:
    """Return the smallest configuration with this listener."""
    raw: dict[str, Any] = {"cluster": "a", "node": "n1", "mqtt": {"brokers": ["mqtt://10.78.0.1"]}}
    return parse(raw | ({} if listen is None else {"http": {"listen": listen}}), "f")


def test_a_daemon_without_it_does_not_load_it() -> None:
    """Its libraries come with the server alone."""
    heavy = ("uvicorn", "h11", "prometheus_client", "floatip.observe.web")
    script = f"import sys, floatip.daemon; print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30)
    assert shown.stdout.strip() == "[]"


def test_the_page_is_shipped_in_small_files() -> None:
    """They are read as data of the package."""
    page = files("floatip.observe") / "page"
    for name in ("index.html", "style.css", "live.js"):
        assert 0 < len((page / name).read_text(encoding="utf-8")) < 8000


def test_without_a_listener_there_is_none() -> None:
    """It is optional."""
    assert http_listener(config(None)) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_listener_is_bound_before_anything_else_is_touched(host: str) -> None:
    """Where it was asked for, in both families."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    listener = http_listener(config(f"{host}:{port}"))
    assert listener is not None
    with listener:
        assert listener.getsockname()[:2] == (host.strip("[]"), port)


def test_a_port_in_use_is_refused() -> None:
    """With the name of the key, the address, and how to find who has it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(RefusalError) as refused:
            http_listener(config(f"127.0.0.1:{port}"))
    assert str(refused.value).startswith(f"http.listen 127.0.0.1:{port}: address already in use: see `ss -ltnp")


def test_an_address_of_another_host_is_refused() -> None:
    """With what to do."""
    with pytest.raises(
        RefusalError, match=r"^http\.listen 192\.0\.2\.1:9477: cannot assign requested address: see `ip addr"
    ):
        http_listener(config("192.0.2.1:9477"))
