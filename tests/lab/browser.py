"""Headless Chromium in a host of the lab, driven over the pipe of its DevTools protocol. Knows: pages. Never: judges.

A page notes every address that it asked for, and whatever the browser complains about: errors of scripts, what the
page's policy forbade, what could not be loaded.
"""

import base64
import json
import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from floatip.lab import tools
from floatip.lab.errors import LabError
from floatip.lab.namespace import inside

ANSWER_S = 20.0
"""How long the browser may take for one command; its first one waits for its start."""
ENOUGH_S = 10.0
_POLL_S = 0.05
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_PIPES = 'exec nice -n 10 "$@" 3<&0 4>&1 1>&2'
"""The protocol wants its pipes at 3 and 4; and a browser that starts must not hold the daemons up."""


class Browser:
    """One browser; use as context manager."""

    def __init__(self, host: str) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="floatip-browser-", ignore_cleanup_errors=True)
        self._log = Path(self._home.name) / "log"
        argv = [tools.find("chromium"), *_FLAGS, f"--user-data-dir={self._home.name}/profile", "about:blank"]
        with self._log.open("wb") as log, inside(host):
            self._chromium = subprocess.Popen(
                ["/bin/sh", "-c", _PIPES, "sh", *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "HOME": self._home.name},
            )
        self._number = 0
        self._unread = b""
        self._pages: dict[str, Page] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        os.killpg(self._chromium.pid, signal.SIGKILL)
        self._chromium.wait()
        for pipe in (self._chromium.stdin, self._chromium.stdout):
            if pipe is not None:
                pipe.close()
        self._home.cleanup()

    def open(
        self, url: str, *, width: int = 1280, height: int = 800, dark: bool = False, script: bool = True
    ) -> "Page":
        """Open a page in a tab of its own, with nothing kept of those before; returns when it is loaded."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session, target)
        for domain in ("Page", "Runtime", "Network", "Log", "Audits"):
            page.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        page.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.call("Emulation.setEmulatedMedia", features=[scheme])
        page.call("Emulation.setScriptExecutionDisabled", value=not script)
        page.go(url)
        return page

    def close(self, page: "Page") -> None:
        """Close a tab."""
        self.call("Target.closeTarget", targetId=page.target)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Give the browser one command and return its answer; raises LabError if it has none, or an error."""
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            command["sessionId"] = session
        assert self._chromium.stdin is not None
        self._chromium.stdin.write(json.dumps(command).encode() + b"\0")
        self._chromium.stdin.flush()
        deadline_s = time.monotonic() + ANSWER_S
        while True:
            message = self._read(deadline_s, method)
            if message.get("id") == self._number:
                if "error" in message:
                    raise LabError(f"chromium: {method}: {message['error']['message']}")
                result: dict[str, Any] = message["result"]
                return result
            if message.get("sessionId") in self._pages:
                self._pages[message["sessionId"]].heard(message["method"], message["params"])

    def _read(self, deadline_s: float, method: str) -> dict[str, Any]:
        """Return the next message."""
        assert self._chromium.stdout is not None
        pipe = self._chromium.stdout.fileno()
        while b"\0" not in self._unread:
            ready, _, _ = select.select([pipe], [], [], max(0.0, deadline_s - time.monotonic()))
            some = os.read(pipe, 1 << 20) if ready else b""
            if not some:
                why = "hung up" if ready else f"is silent for {ANSWER_S} s"
                raise LabError(f"chromium {why} at {method}\n{self._log.read_text(errors='replace')[-2000:]}")
            self._unread += some
        raw, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(raw)
        return message


class Page:
    """One tab, and what happened in it."""

    def __init__(self, browser: Browser, session: str, target: str) -> None:
        self.target = target
        self.asked: list[str] = []
        """Every address that it asked for."""
        self.complaints: list[str] = []
        self.loads = 0
        """How often it was loaded as a whole."""
        self._browser = browser
        self._session = session

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give one command to the tab."""
        return self._browser.call(method, self._session, **parameters)

    def heard(self, method: str, told: dict[str, Any]) -> None:
        """Note what the browser tells of the tab."""
        match method:
            case "Network.requestWillBeSent":
                self.asked.append(told["request"]["url"])
            case "Page.loadEventFired":
                self.loads += 1
            case "Runtime.exceptionThrown":
                self.complaints.append(f"exception: {told['exceptionDetails']}")
            case "Runtime.consoleAPICalled":
                self.complaints.append(f"console: {told['args']}")
            case "Log.entryAdded":
                self.complaints.append(f"log: {told['entry']['text']} ({told['entry'].get('url')})")
            case "Audits.issueAdded":
                self.complaints.append(f"issue: {told['issue']}")
            case _:
                pass

    def go(self, url: str) -> None:
        """Load an address; returns when it is loaded."""
        before = self.loads
        failed = self.call("Page.navigate", url=url).get("errorText")
        if failed:
            raise LabError(f"chromium: {url}: {failed}")
        self.until(lambda: self.loads > before, f"{url} is loaded")

    def value(self, expression: str) -> Any:
        """Return what an expression of JavaScript is worth in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise LabError(f"chromium: {expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def text(self, selector: str = "body") -> str:
        """Return what a reader sees of the first element that this names; nothing if there is none."""
        return str(self.value(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def until(self, check: Callable[[], bool], what: str, timeout_s: float = ENOUGH_S) -> float:
        """Wait until it is so and return the seconds it took; raises LabError with what the page shows instead."""
        start_s = time.monotonic()
        while not check():
            if time.monotonic() - start_s > timeout_s:
                raise LabError(f"not within {timeout_s} s: {what}; the page says:\n{self.text()}")
            time.sleep(_POLL_S)
            self.value("0")  # the browser is heard only while it is asked
        return time.monotonic() - start_s

    def until_says(self, *words: str, selector: str = "body", timeout_s: float = ENOUGH_S) -> float:
        """Wait until an element says all this."""
        return self.until(
            lambda: all(word in self.text(selector) for word in words), f"{selector} says {words}", timeout_s
        )

    def rest(self, for_s: float) -> None:
        """Let the page go on for a while."""
        end_s = time.monotonic() + for_s
        self.until(lambda: time.monotonic() > end_s, "time passes", for_s + 1.0)

    def picture(self, last: str) -> bytes:
        """Return the page as PNG, down to the end of the element that this names."""
        box = self.value(
            f"(({{bottom}}) => ({{x: 0, y: 0, scale: 1, width: innerWidth, height: Math.ceil(bottom + scrollY) + 20}}))"
            f"(document.querySelector({json.dumps(last)}).getBoundingClientRect())"
        )
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=box)
        return base64.b64decode(shot["data"])
