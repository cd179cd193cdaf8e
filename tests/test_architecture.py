"""The house rules that no other tool looks at: walls, sizes, words, and that what is shipped is whole."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
SOURCES = sorted(path.relative_to(TOP).as_posix() for path in (TOP / "floatip").rglob("*.py"))
TESTS = sorted(path.relative_to(TOP).as_posix() for path in (TOP / "tests").rglob("*.py"))
FILE_LINES = 325
FUNCTION_LINES = 50
ROOMS = {
    "aiomqtt": "floatip/bus/",
    "paho": "floatip/bus/",
    "pyroute2": "floatip/host/",
    "scapy": "floatip/lan/",
    "uvicorn": "floatip/observe/",
    "prometheus_client": "floatip/observe/",
}
"""Each of these libraries is known to one room."""
TEXTS = {".py", ".md", ".toml", ".txt", ".sh", ".service", ".conf", ".yml", ".yaml", ".html", ".cfg", ""}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def tree(path: str) -> ast.Module:
    """Read a source file."""
    return ast.parse((TOP / path).read_text(), path)


def imported(path: str) -> set[str]:
    """Name the top-level packages that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module)
    return {name.split(".")[0] for name in names}


def is_mark(node: ast.expr) -> bool:
    """Say whether this is ``pytest.mark``."""
    return isinstance(node, ast.Attribute) and node.attr == "mark"


def shipped() -> list[Path]:
    """List the text files of the repository, without what tools leave behind."""
    asked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    if asked.returncode == 0:
        found = [TOP / name for name in asked.stdout.splitlines()]
    else:
        found = [path for path in TOP.rglob("*") if not any(part.startswith(".") for part in path.parts)]
    return [path for path in found if path.is_file() and path.suffix in TEXTS]


def test_the_walls_between_the_rooms_stand() -> None:
    """Every contract of import-linter is kept."""
    lint = Path(sys.executable).with_name("lint-imports")
    asked = subprocess.run([str(lint), "--no-cache"], cwd=TOP, capture_output=True, text=True, check=False, timeout=50)
    assert asked.returncode == 0, asked.stdout + asked.stderr


@pytest.mark.parametrize("library", ROOMS)
def test_each_library_of_the_outside_is_known_to_one_room(library: str) -> None:
    """What it does wrong is then wrong in one place."""
    users = [path for path in SOURCES if library in imported(path)]
    assert users
    assert [path for path in users if not path.startswith(ROOMS[library])] == []


def test_aiomqtt_is_known_to_one_file() -> None:
    """A newer version of it is a change to that file alone."""
    assert len([path for path in SOURCES if "aiomqtt" in imported(path)]) == 1


@pytest.mark.parametrize("path", SOURCES)
def test_a_file_is_read_in_one_go(path: str) -> None:
    """No file is longer than this."""
    assert len((TOP / path).read_text().splitlines()) <= FILE_LINES


def test_a_function_fits_on_a_page() -> None:
    """No function is longer than this."""
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, Function) and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES
    ]
    assert long == []


def test_a_module_says_what_it_is() -> None:
    """Its first lines are its rules."""
    assert [path for path in SOURCES + TESTS if tree(path).body and not ast.get_docstring(tree(path))] == []


def test_a_test_says_what_it_holds() -> None:
    """One sentence each."""
    mute = [
        f"{path}:{node.lineno} {node.name}"
        for path in TESTS
        for node in ast.walk(tree(path))
        if isinstance(node, Function) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert mute == []


def test_a_test_that_does_not_run_says_why() -> None:
    """No bare skip, and a reason with each that depends."""
    found = []
    for path in TESTS:
        nodes = list(ast.walk(tree(path)))
        calls = {id(node.func): node for node in nodes if isinstance(node, ast.Call)}
        for node in nodes:
            if isinstance(node, ast.Attribute) and node.attr in {"skip", "skipif", "xfail"} and is_mark(node.value):
                call = calls.get(id(node))
                if call is None or "reason" not in {word.arg for word in call.keywords}:
                    found.append(f"{path}:{node.lineno} {node.attr}")
    assert found == []


def test_nothing_is_left_to_do_later() -> None:
    """No file that is shipped has a note to self in it."""
    notes = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|HA" + r"CK)\b")
    found = [f"{path.relative_to(TOP)}" for path in shipped() if notes.search(path.read_text(errors="replace"))]
    assert found == []


def test_no_file_knows_where_it_was_written() -> None:
    """It means the same on every machine."""
    places = re.compile(r"(?<![\w./-])/(work|tmp/brief|home/\w+)(/|\b)")
    found = [f"{path.relative_to(TOP)}" for path in shipped() if places.search(path.read_text(errors="replace"))]
    assert found == []


def test_every_example_configuration_parses() -> None:
    """Whoever copies one must be able to start."""
    examples = sorted((TOP / "configs").glob("*.toml"))
    assert examples
    for path in examples:
        assert tomllib.loads(path.read_text())["cluster"], path


def test_decisions_are_numbered_without_a_gap() -> None:
    """``docs/adr/NNNN-title.md``, and each has the four headings."""
    records = sorted((TOP / "docs" / "adr").glob("*.md"))
    numbers = [int(path.name[:4]) for path in records if re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name)]
    assert len(numbers) == len(records) > 0
    assert numbers == list(range(1, len(numbers) + 1))


def test_the_changelog_has_a_place_for_what_comes() -> None:
    """Under Unreleased, in the operator's words."""
    assert re.search(r"^## \[?Unreleased\]?", (TOP / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_each_module_of_the_core_that_does_something_has_tests_of_its_own() -> None:
    """Whoever changes one knows where to look: ``tests/unit/core`` mirrors ``floatip/core``."""
    active = {
        Path(path).stem
        for path in SOURCES
        if path.startswith("floatip/core/") and any(isinstance(node, Function) for node in ast.walk(tree(path)))
    }
    tested = {Path(path).stem.removeprefix("test_") for path in TESTS if path.startswith("tests/unit/core/test_")}
    assert active
    assert active - tested == set()


def test_two_test_files_may_have_one_name() -> None:
    """They are not packages: pytest must tell them apart by their place, or it would not run both."""
    names = [Path(path).name for path in TESTS]
    options = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]["addopts"]
    assert "--import-mode=importlib" in options or len(names) == len(set(names))
