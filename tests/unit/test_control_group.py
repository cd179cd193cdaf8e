"""Who may use the control socket: members of its group, and nobody else may even read it. Other users really try."""

import asyncio
import grp
import os
import stat
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from floatip.control import ControlServer
from tests.unit.ops.backend import FakeBackend

TRY = """
import os, socket, sys
uid, *groups = map(int, sys.argv[2:])
os.setgroups(groups)
os.setgid(uid)
os.setuid(uid)
try:
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(5)
        asking.connect(sys.argv[1])
        asking.sendall(b'{"v":1,"ask":"status"}\\n')
        print("answered" if asking.makefile("rb").readline().startswith(b'{"v":1,"result"') else "odd")
except OSError as error:
    print(error.__class__.__name__)
try:
    open(sys.argv[1], "rb")
except OSError as error:
    print(error.__class__.__name__)
"""
"""Becomes another user in these groups, asks for the status, and tries to open the file."""
MEMBER, STRANGER = 64_123, 64_124


def can_be_others() -> bool:
    """Whether this process may become other users: root, and not alone in a user namespace."""
    ids = sum(int(line.split()[2]) for line in Path("/proc/self/uid_map").read_text().splitlines())
    return os.geteuid() == 0 and ids > STRANGER


pytestmark = pytest.mark.skipif(not can_be_others(), reason="only root can try what other users may do")


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that any user can get at."""
    with tempfile.TemporaryDirectory(prefix="floatip-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def some_group() -> grp.struct_group:
    """A group of this host that is not root's."""
    return next(group for group in grp.getgrall() if group.gr_gid not in {0, 65534})


@asynccontextmanager
async def served(path: Path, group: str | None) -> AsyncIterator[list[str]]:
    """Have a server there; gives its warnings."""
    server = ControlServer(path, group=group, backend=FakeBackend(), urls={})
    warnings = await server.start()
    try:
        yield warnings
    finally:
        await server.close()


async def tries(path: Path, uid: int, *groups: int) -> list[str]:
    """What another user gets who asks at the socket, and who opens it."""
    argv = [sys.executable, "-I", "-S", "-c", TRY, str(path), str(uid), *map(str, groups)]
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE, cwd="/")
    out, _ = await asyncio.wait_for(process.communicate(), 20)
    return out.decode().split()


async def test_a_member_operates_and_a_stranger_may_not_even_read(folder: Path) -> None:
    """Root's and the group's alone (0660), in a folder where nobody else may write (0755)."""
    group = some_group()
    path = folder / "run" / "floatip.sock"
    async with served(path, group.gr_name) as warnings:
        found = path.stat()
        assert warnings == []
        assert stat.S_ISSOCK(found.st_mode)
        assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == (0o660, 0, group.gr_gid)
        assert (stat.S_IMODE(path.parent.stat().st_mode), path.parent.stat().st_uid) == (0o755, 0)
        assert await tries(path, MEMBER, group.gr_gid) == ["answered", "OSError"]  # a socket is no file to open (ENXIO)
        assert await tries(path, STRANGER) == ["PermissionError", "PermissionError"]


@pytest.mark.parametrize("group", [None, "no-such-group"])
async def test_without_a_group_nobody_but_the_owner(folder: Path, group: str | None) -> None:
    """No group, or one that this host does not have: the socket is the owner's (0600)."""
    path = folder / "floatip.sock"
    async with served(path, group):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert await tries(path, MEMBER, some_group().gr_gid) == ["PermissionError", "PermissionError"]


async def test_no_moment_is_open_to_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the umask, the file never had a mode that lets others in, not even before it is the group's."""
    modes: list[int] = []
    path = folder / "floatip.sock"
    chown = os.chown

    def looked_at(*where: object) -> None:
        modes.append(stat.S_IMODE(path.stat().st_mode))
        chown(*where)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "chown", looked_at)
    mask = os.umask(0)
    try:
        async with served(path, some_group().gr_name):
            modes.append(stat.S_IMODE(path.stat().st_mode))
    finally:
        os.umask(mask)
    assert modes == [0o600, 0o660]
