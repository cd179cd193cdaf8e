"""What is shipped beside the program, for the tests that hold it to its word. Knows: places, and how a unit is read."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

TOP = Path(__file__).parents[1]
DEPLOY = TOP / "deploy"
UNIT = DEPLOY / "systemd" / "floatip.service"
REALTIME = DEPLOY / "systemd" / "floatip.service.d" / "realtime.conf"

Sections = Mapping[str, Mapping[str, Sequence[str]]]


def sections(path: Path) -> Sections:
    """Read a file of systemd's syntax: section to key to its values in order, as a key may come again."""
    found: dict[str, dict[str, list[str]]] = {}
    here: dict[str, list[str]] = {}
    for line in _lines(path):
        if line.startswith("["):
            here = found.setdefault(line.strip("[]"), {})
        else:
            key, equals, value = line.partition("=")
            assert equals, f"{path}: {line!r} is neither a section nor KEY=VALUE"
            here.setdefault(key.strip(), []).append(value.strip())
    return found


def service(*drop_ins: Path) -> Mapping[str, Sequence[str]]:
    """Give the [Service] section of the unit, and of these drop-ins: a line without a value undoes those before it."""
    found = {key: list(values) for key, values in sections(UNIT)["Service"].items()}
    for path in drop_ins:
        for key, values in sections(path)["Service"].items():
            found[key] = [*found.get(key, []), *values]
    return {key: _since_the_last_reset(values) for key, values in found.items()}


def _since_the_last_reset(values: Sequence[str]) -> Sequence[str]:
    resets = [at for at, value in enumerate(values) if not value]
    return values[resets[-1] + 1 :] if resets else values


def _lines(path: Path) -> Iterator[str]:
    """Give the lines that count."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and line[0] not in "#;":
            yield line.strip()
