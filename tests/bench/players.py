"""The two workers, as the benchmark starts them in their sandboxes, asks and ends them. Never: measures."""

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from floatip.lab.errors import LabError


class Player:
    """One system in its sandbox; use as context manager."""

    def __init__(self, system: str) -> None:
        self.system = system
        self.bed = ""
        argv = [sys.executable, "-m", "floatip.lab.sandbox", "--", sys.executable, "-m", "tests.bench.worker", system]
        self._popen = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._popen.stdin is not None:
            self._popen.stdin.close()
        try:
            self._popen.wait(30.0)
        except subprocess.TimeoutExpired:
            self._popen.terminate()
            self._popen.wait()
        if self._popen.stdout is not None:
            self._popen.stdout.close()

    def ask(self, verb: str, **words: Any) -> Any:
        """Have it do something; raises LabError with what it said if that failed, and its bed counts as closed then."""
        if self._popen.stdin is None or self._popen.stdout is None:
            raise LabError(f"{self.system} has no pipes")
        try:
            self._popen.stdin.write(json.dumps({"verb": verb, **words}) + "\n")
            self._popen.stdin.flush()
        except BrokenPipeError:
            pass
        line = self._popen.stdout.readline()
        if not line:
            raise SystemExit(f"the lab of {self.system} ended with {self._popen.wait()}")
        answer = json.loads(line)
        if "failed" in answer:
            self.bed = ""
            raise LabError(answer["failed"])
        return answer["done"]

    def lie_on(self, bed: str) -> None:
        """Have it run on this bed, if it does not."""
        if self.bed != bed:
            self.ask("open", bed=bed)
            self.bed = bed

    def close(self) -> None:
        """Have it run nothing."""
        if self.bed:
            self.bed = ""
            self.ask("close")
