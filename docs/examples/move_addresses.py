"""Moves plain addresses from one host to another, one after the other; run it again to go on after an interruption.

    python move_addresses.py --from old --to new 192.0.2.10 192.0.2.11 ...
    python move_addresses.py --from old --to new < addresses.txt

Each address is added on the new host, proven there by a third node, and only then removed from the old one. At the end
it prints what to change in the hosts' boot configuration, so that a reboot does not bring an address back.
"""

import argparse
import asyncio
import sys
from pathlib import Path

import floatip


async def main() -> int:
    """Move all of them; the exit code is 1 if some are left."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("addresses", nargs="*", help="if none is given, they are read from standard input")
    parser.add_argument("--from", dest="source", required=True)
    parser.add_argument("--to", dest="target", required=True)
    parser.add_argument("--interface", help="where they go; otherwise by their subnet")
    parser.add_argument("--socket", type=Path, default=Path("/run/floatip/floatip.sock"))
    given = parser.parse_args()
    changes: list[str] = []
    left: list[str] = []
    async with floatip.connect(given.socket) as cluster:
        for address in given.addresses or sys.stdin.read().split():
            try:
                moved = await cluster.migrate(
                    address, source=given.source, target=given.target, interface=given.interface
                )
            except floatip.FloatipError as error:
                print(f"{address}: {error}", file=sys.stderr)
                left.append(address)
            else:
                print(moved.text)
                changes += moved.boot_changes
    if changes:
        print("\nso that a reboot does not undo it:", *changes, sep="\n  ")
    if left:
        print(f"\n{len(left)} left: {' '.join(left)}", file=sys.stderr)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
