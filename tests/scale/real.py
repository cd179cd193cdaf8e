"""As many real daemons as this machine carries: what each needs. Runs inside the lab's sandbox, one size at a time."""

import json
import os
import sys
import time
from pathlib import Path
from statistics import median

from floatip.lab.cluster import Cluster
from floatip.lab.errors import LabError
from floatip.lab.settings import Settings, Vip

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
SETTLED_S = 12.0
"""After all addresses are bound, the witnesses look once more, and then nothing happens."""


def cpu_s(pid: int) -> float:
    """Processor seconds of a process so far, its own and the kernel's on its behalf."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def rss_mib(pid: int) -> float:
    """Resident memory."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def settings(nodes: int, vips: int) -> Settings:
    """Describe VIPs that are spread over all nodes, at the default timing."""
    return Settings(
        nodes=nodes,
        vips=[
            Vip(
                name=f"vip-{number:04d}",
                addresses=(f"10.77.{100 + number // 250}.{number % 250 + 1}",),
                extra={"placement": "spread"},
            )
            for number in range(vips)
        ],
    )


def measure(nodes: int, vips: int, seconds: float) -> dict[str, object]:
    """Run a cluster until it has settled, and account for a while in which nothing happens."""
    with Cluster(settings(nodes, vips)) as cluster:
        began_s = time.monotonic()

        def owned() -> int:
            try:
                return sum(one["owner"] is not None for one in cluster.ask("n1", 5.0)["vips"])
            except LabError:
                return 0

        while owned() < vips and time.monotonic() - began_s < 120.0:
            time.sleep(1.0)
        settled_s = time.monotonic() - began_s
        time.sleep(SETTLED_S)
        pids = {name: daemon.pid for name, daemon in cluster.daemons.items()}
        pids["broker"] = cluster.brokers["b1"].process.pid
        before = {name: cpu_s(pid) for name, pid in pids.items()}
        from_s = time.monotonic()
        time.sleep(seconds)
        span_s = time.monotonic() - from_s
        used = {name: 100 * (cpu_s(pid) - before[name]) / span_s for name, pid in pids.items()}
        broker = used.pop("broker")
        return {
            "nodes": nodes,
            "vips": vips,
            "owned": owned(),
            "settled_s": round(settled_s, 1),
            "cpu_percent_median": round(median(used.values()), 1),
            "cpu_percent_max": round(max(used.values()), 1),
            "broker_cpu_percent": round(broker, 1),
            "rss_mib_median": round(median(rss_mib(pids[name]) for name in used), 1),
            "load": round(os.getloadavg()[0], 1),
        }


def main() -> int:
    """Measure one size, and print it as one line of JSON."""
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
