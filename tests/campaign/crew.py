"""Runs batches in sandboxes of their own, some at once. Knows: processes. Never: a fault.

Each batch is a process tree in its own network, mount and process namespaces: clusters cannot meet, and what one
leaves behind ends with its sandbox.
"""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from floatip.core.types import Policy
from tests.campaign.plan import Batch
from tests.campaign.result import Result

BATCH_LIMIT_S = 60.0
CASE_LIMIT_S = 60.0
"""A batch that takes longer hangs: it is ended, and fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What all batches have in common."""

    seed: int
    policy: Policy
    only: tuple[str, ...]
    keep: Path


class Crew:
    """Those who play: `run` once, on the main thread; interrupted, it ends every sandbox that still runs."""

    def __init__(self, campaign: Campaign, clusters: int, tell: Callable[[Result], None]) -> None:
        self._campaign = campaign
        self._clusters = clusters
        self._tell = tell
        self._lock = threading.Lock()
        self._results: list[Result] = []
        self._workers: set[subprocess.Popen[str]] = set()
        self._over = False

    def run(self, batches: Sequence[Batch]) -> list[Result]:
        """Run those that may have company, so many at once, then the others; tell of each result as it comes."""
        try:
            self._some([batch for batch in batches if not batch.alone], self._clusters)
            self._some([batch for batch in batches if batch.alone], 1)
        finally:
            with self._lock:
                self._over = True
                for worker in self._workers:
                    worker.kill()
        return sorted(self._results, key=lambda one: one.index)

    def _some(self, batches: Sequence[Batch], clusters: int) -> None:
        waiting: queue.SimpleQueue[Batch] = queue.SimpleQueue()
        for batch in batches:
            waiting.put(batch)

        def work() -> None:
            while not self._over:
                try:
                    batch = waiting.get_nowait()
                except queue.Empty:
                    return
                self._batch(batch)

        crew = [threading.Thread(target=work, name=f"crew-{n}", daemon=True) for n in range(clusters)]
        for member in crew:
            member.start()
        for member in crew:
            member.join()

    def _take(self, result: Result) -> None:
        with self._lock:
            self._results.append(result)
            self._tell(result)

    def _batch(self, batch: Batch) -> None:
        """Run one batch; cases that it did not tell of have failed."""
        campaign, untold = self._campaign, {case.index: case for case in batch.cases}
        campaign.keep.mkdir(parents=True, exist_ok=True)
        log = campaign.keep / f"{campaign.policy.value}-{campaign.seed}-batch-{batch.number}.log"
        with log.open("w") as errors, self._lock:
            if self._over:
                return
            worker = subprocess.Popen(
                self._command(batch), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
            )
            self._workers.add(worker)
        overdue = threading.Timer(BATCH_LIMIT_S + CASE_LIMIT_S * len(batch.cases), worker.kill)
        overdue.start()
        with worker:
            for line in worker.stdout or ():
                result = Result.of(json.loads(line))
                untold.pop(result.index, None)
                self._take(result)
        overdue.cancel()
        with self._lock:
            self._workers.discard(worker)
        said = log.read_text()
        for case in untold.values():
            problem = f"the batch ended with {worker.returncode} before this case: {said[-1000:]}"
            self._take(
                Result(
                    policy=campaign.policy.value,
                    index=case.index,
                    name=case.fault.name,
                    layout=str(batch.layout),
                    problems=[problem],
                    kept=str(log),
                )
            )
        if not said:
            log.unlink()

    def _command(self, batch: Batch) -> list[str]:
        job = {
            "seed": self._campaign.seed,
            "policy": self._campaign.policy.value,
            "only": self._campaign.only,
            "cases": [case.index for case in batch.cases],
            "keep": str(self._campaign.keep),
        }
        worker = [sys.executable, "-m", "tests.campaign.worker", json.dumps(job)]
        return [sys.executable, "-m", "floatip.lab.sandbox", "--", *worker]
