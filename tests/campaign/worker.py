"""Plays some cases of one batch, in the sandbox; a line of JSON for each goes to standard output.

`python -m tests.campaign.worker '{"seed": 1, "policy": "keep", "only": [], "cases": [0, 1], "keep": "DIR"}'`
"""

import json
import sys
from pathlib import Path

from floatip.core.types import Policy
from tests.campaign.plan import plan
from tests.campaign.play import play
from tests.campaign.result import Result


def main() -> None:
    """Run as a program."""
    job = json.loads(sys.argv[1])
    wanted = set(job["cases"])
    batches = plan(job["seed"], Policy(job["policy"]), max(wanted) + 1, tuple(job["only"]))
    (batch,) = [batch for batch in batches if wanted & {case.index for case in batch.cases}]
    cases = [case for case in batch.cases if case.index in wanted]
    play(batch, cases, job["seed"], Path(job["keep"]), _tell)


def _tell(result: Result) -> None:
    sys.stdout.write(json.dumps(result.document()) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
