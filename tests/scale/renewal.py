"""What it costs to renew the kernel lifetimes of many addresses, echoes included. Runs inside the lab's sandbox.

The production path: ``Addresses.ensure`` in one batch a second, and the watcher with its filter on the same host.
"""

import asyncio
import json
import sys
import time
from ipaddress import ip_address

from floatip.host.addresses import Addresses, Alias
from floatip.host.watch import Watcher
from floatip.lab.namespace import inside
from floatip.lab.net import Network

EVERY_S = 1.0
"""V / 3 of the default kernel lifetime: so often a daemon renews."""
ROUNDS = 20


async def renew(count: int) -> dict[str, float]:
    """Hold so many addresses on eth0 for a while; return processor milliseconds a round, and what the watcher heard."""
    first = int(ip_address("10.77.100.1"))
    aliases = [
        Alias(address=ip_address(first + number), prefix=32, interface="eth0", label="") for number in range(count)
    ]
    heard: list[object] = []
    watcher = Watcher(heard.append)
    addresses = Addresses(removed=watcher.disregard)
    watcher.watch([alias.address for alias in aliases], ["eth0"], ())
    watcher.open()
    addresses.open()
    addresses.prepare(aliases)
    assert not any(outcome.error for outcome in addresses.ensure(aliases, 3, verify=True))
    await asyncio.sleep(0.2)
    heard.clear()
    began_s, cpu_s, spent = time.monotonic(), time.process_time(), []
    for round_ in range(ROUNDS):
        before = time.thread_time()
        assert not any(outcome.error for outcome in addresses.ensure(aliases, 3))
        spent.append(time.thread_time() - before)
        await asyncio.sleep(max(0.0, began_s + (round_ + 1) * EVERY_S - time.monotonic()))
    total_s, lasted_s = time.process_time() - cpu_s, time.monotonic() - began_s
    watcher.close()
    addresses.close()
    return {
        "addresses": count,
        "cpu_percent": round(100 * total_s / lasted_s, 2),
        "renewal_ms": round(1000 * sorted(spent)[ROUNDS // 2], 2),
        "echoes_that_woke_us": len(heard),
    }


def main() -> int:
    """Measure, and print it as one line of JSON."""
    with Network() as net:
        net.add_host("n1")
        with inside("n1"):
            print(json.dumps(asyncio.run(renew(int(sys.argv[1])))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
