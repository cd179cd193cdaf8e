"""The sentinel's process needs nothing but an interpreter and its standard library."""

import subprocess
import sys

from floatip.host.sentinel import ROOT

PROGRAM = """
import sys
before = set(sys.modules)
sys.path.append(sys.argv[1])
import floatip.sentinel.child
found = {name.split(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
print(",".join(sorted(found)))
print(",".join(sorted(name for name in sys.modules if name.startswith("floatip"))))
print(",".join({"asyncio", "dataclasses", "logging", "pathlib", "subprocess", "threading"} & set(sys.modules)))
"""


def test_it_imports_nothing_else() -> None:
    """No library, no other room of floatip, and nothing heavy of the standard library."""
    argv = [sys.executable, "-I", "-S", "-c", PROGRAM, ROOT]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20.0, check=True)
    libraries, rooms, heavy = done.stdout.splitlines()
    assert libraries == "floatip"
    assert all(room == "floatip" or room.startswith("floatip.sentinel") for room in rooms.split(","))
    assert heavy == ""
