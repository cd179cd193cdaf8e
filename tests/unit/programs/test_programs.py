"""Programs that behave: what they get, what is heard of them, how they end."""

import asyncio
import json
import os
import resource
import sys
from pathlib import Path

import psutil
import pytest

from floatip import programs
from floatip.programs import Result, run

TIME_S = 20


async def python(code: str, *, timeout_s: float = TIME_S, **more: object) -> Result:
    """Run a few lines of Python, without site packages."""
    return await run([sys.executable, "-I", "-S", "-c", code], timeout_s=timeout_s, **more)  # type: ignore[arg-type]


async def shell(script: str, *, timeout_s: float = TIME_S, **more: object) -> Result:
    """Run a script of the shell."""
    return await run(["/bin/sh", "-c", script], timeout_s=timeout_s, **more)  # type: ignore[arg-type]


async def test_a_program_that_is_content() -> None:
    """Exit code 0, and both of its voices in their order."""
    result = await shell("echo one; echo two >&2")
    assert result == Result(code=0, output="one\ntwo\n")
    assert result.lines == ("one", "two")
    assert result.ending == "exit code 0"


@pytest.mark.parametrize(
    ("script", "result", "ending"),
    [
        ("exit 3", Result(code=3), "exit code 3"),
        ("kill -TERM $$", Result(signal=15), "ended by signal SIGTERM"),
        ("kill -35 $$", Result(signal=35), "ended by signal 35"),
    ],
)
async def test_a_program_that_is_not(script: str, result: Result, ending: str) -> None:
    """Its exit code, or the signal that ended it."""
    found = await shell(script)
    assert (found, found.ending) == (result, ending)


async def test_what_it_is_given_to_read() -> None:
    """Nothing, unless it is given something, of any size; nor does it have to read that."""
    assert await shell("cat") == Result(code=0)
    assert await shell("cat", stdin=b"a\nb") == Result(code=0, output="a\nb")
    assert await shell("wc -c", stdin=bytes(5_000_000)) == Result(code=0, output="5000000\n")
    assert await shell("exit 0", stdin=bytes(5_000_000)) == Result(code=0)


async def test_where_it_finds_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small environment, no open files of ours, at the top, leading a session of its own."""
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.setenv("HOME", "/root")
    code = (
        "import json, os, sys; mask = os.umask(0);"
        "print(json.dumps([dict(os.environ), sorted(map(int, os.listdir('/proc/self/fd')))[:-1], os.getcwd(), mask,"
        "os.getsid(0) == os.getpid()]))"
    )
    opened = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(opened, True)
    result = await python(code, env={"FLOATIP_VIP": "web"})
    os.close(opened)
    env, files, folder, mask, leads = json.loads(result.output)
    env.pop("LC_CTYPE", None)
    assert env == {"PATH": env["PATH"], "LANG": "C.UTF-8", "HOME": "/root", "FLOATIP_VIP": "web"}
    assert "/usr/bin" in env["PATH"].split(":")
    assert (files, folder, mask, leads) == ([0, 1, 2], "/", 0o022, True)


async def test_what_is_no_text_can_be_read() -> None:
    """Bytes that are no UTF-8, and characters that a terminal would obey."""
    result = await shell(r"printf 'caf\351 \033[31mred\n\n\303\274ber\n'")
    assert result.lines == ("caf�  [31mred", "über")


async def test_a_line_for_people_has_an_end() -> None:
    """200 characters."""
    result = await shell("head -c 1000 /dev/zero | tr '\\0' x")
    assert result.lines == ("x" * 197 + "...",)


async def test_the_end_of_much_output_is_kept() -> None:
    """As a whole number of lines."""
    result = await shell("seq 1 100000")
    assert len(result.output) <= 4096
    first, *_, last = map(int, result.lines)
    assert (last, [str(number) for number in range(first, 100001)]) == (100000, list(result.lines))


async def test_a_flood_is_read_and_thrown_away() -> None:
    """100 MB neither block the program nor cost memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = await shell("head -c 100000000 /dev/zero; echo; echo done")
    assert (result.code, result.lines[-1]) == (0, "done")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


async def test_who_is_left_behind_delays_nobody() -> None:
    """The end of the program is the end of the run, though its child has the same standard output, and lives on."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    result = await shell("echo begun; sleep 600 & echo $!")
    took_s = loop.time() - began_s
    begun, pid = result.lines
    child = psutil.Process(int(pid))
    assert child.name() == "sleep"
    child.kill()
    assert (result.code, begun) == (0, "begun")
    assert took_s < 10


@pytest.mark.parametrize(
    ("content", "mode", "why"),
    [
        (None, 0, "there is no such file"),
        ("#!/bin/sh\n", 0o644, "permission denied; see `ls -l {program}`, it must be executable"),
        ("#!/no/such/shell\n", 0o755, "the program that its first line or its header names does not exist"),
        ("x", 0o755, "it is no program of this machine, nor a script that begins with a line like #!/bin/sh"),
    ],
    ids=["missing", "not executable", "no interpreter", "wrong format"],
)
async def test_what_cannot_be_started_says_why(tmp_path: Path, content: str | None, mode: int, why: str) -> None:
    """That is a result as well."""
    program = tmp_path / "program"
    if content is not None:
        program.write_text(content)
        program.chmod(mode)
    result = await run([str(program)], timeout_s=TIME_S)
    assert result == Result(error=f"cannot start {program}: {why.format(program=program)}")
    assert result.ending == result.error


async def test_words_that_no_program_can_be_given() -> None:
    """A null byte, or more than the kernel passes on."""
    assert await run(["/bin/echo", "a\0b"], timeout_s=TIME_S) == Result(
        error="cannot start /bin/echo: embedded null byte"
    )
    assert await run(["/bin/echo", "x" * 5_000_000], timeout_s=TIME_S) == Result(
        error="cannot start /bin/echo: argument list too long"
    )


async def test_two_hundred_runs_leave_nothing() -> None:
    """No process, no open file: of those that end well, badly, late, or never begin."""
    me = psutil.Process()

    async def each(number: int) -> Result:
        match number % 4:
            case 0:
                return await shell("echo x", stdin=b"y")
            case 1:
                return await shell("exit 1")
            case 2:
                return await shell("sleep 600", timeout_s=0.3)
            case _:
                return await run(["/no/such/program"], timeout_s=TIME_S)

    files, children = me.num_fds(), me.children()
    for start in range(0, 200, 50):
        results = await asyncio.gather(*(each(number) for number in range(start, start + 50)))
        assert {(result.code, result.timed_out) for result in results} >= {(1, False), (None, True), (None, False)}
    assert (me.num_fds(), me.children()) == (files, children)


async def test_no_room_for_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the program that is not started; nothing else suffers."""

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("floatip.programs.threads.Thread.start", refuse)
    assert await shell("exit 0") == Result(error="cannot start /bin/sh: can't start new thread")


async def test_no_room_for_another_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is missing, what was opened before is closed again."""

    def refuse(*_: object) -> int:
        raise OSError(24, "Too many open files")

    me = psutil.Process()
    files, children = me.num_fds(), me.children()
    for name in ("pipe", "memfd_create", "pidfd_open"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, refuse)
            assert await shell("sleep 599 & wait", stdin=b"x") == Result(
                error="cannot start /bin/sh: too many open files"
            )
    assert (me.num_fds(), me.children()) == (files, children)
    assert not [one for one in psutil.process_iter(["cmdline"]) if one.info["cmdline"] == ["sleep", "599"]]


async def test_aside_gives_what_it_returns_or_raises() -> None:
    """As if it had been called here."""
    assert await programs.aside(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await programs.aside(divmod, 7, 0)
