"""Reboots the nodes of a cluster one after the other, so that no client notices.

    python rolling_reboot.py "ssh {node} systemctl reboot"

Run it on any node: that one is left out, for the script would die with it. Each node is drained first, which moves its
VIPs away and waits for the proof; it is undrained when its daemon is back and well. If anything goes wrong the script
stops, with the node still drained: nothing moves back to a host that nobody has looked at.
"""

import argparse
import asyncio
import shlex
import time
from pathlib import Path

import floatip
from floatip.ops import Step

DOWN_S = 120.0
"""How long a node may take until it is gone."""
BACK_S = 900.0
"""How long it may take until its daemon is back."""


async def wait_for(cluster: floatip.Cluster, node: str, *, alive: bool, within_s: float) -> None:
    """Wait until a node is there and well, or gone; TimeoutError if that takes too long."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        found = next(one for one in (await cluster.status()).nodes if one.name == node)
        if found.alive is alive and not (alive and found.faults):
            return
        await asyncio.sleep(0.2)
    raise TimeoutError(f"{node} is not {'back' if alive else 'down'} after {within_s:.0f} s")


def show(step: Step) -> None:
    """Print what happens, as it happens."""
    print(f"  {step.at_ms:>5} ms  {step.text}")


async def reboot(cluster: floatip.Cluster, node: str, command: str) -> None:
    """Take one node out, have it rebooted, and take it in again."""
    drained = await cluster.drain(node, timeout_s=30.0, on_step=show)
    print(f"  {drained.text}")
    rebooting = await asyncio.create_subprocess_exec(*shlex.split(command.replace("{node}", node)))
    await rebooting.wait()
    await wait_for(cluster, node, alive=False, within_s=DOWN_S)
    print(f"  {node} is down")
    await wait_for(cluster, node, alive=True, within_s=BACK_S)
    print(f"  {(await cluster.undrain(node)).text}")


async def main() -> None:
    """Reboot all nodes but the one that this runs on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", help="what reboots a node; {node} stands for its name")
    parser.add_argument("--socket", type=Path, default=Path("/run/floatip/floatip.sock"))
    given = parser.parse_args()
    async with floatip.connect(given.socket) as cluster:
        status = await cluster.status()
        for node in status.nodes:
            if node.name == status.node:
                continue
            print(node.name)
            await reboot(cluster, node.name, given.command)
        print(f"{status.node} is left: run this on another node, or reboot it by hand after `floatip drain`")


if __name__ == "__main__":
    asyncio.run(main())
