"""The door: from a file to a Config, or every reason why not. Knows: files, TOML. Never: what a key means."""

import copy
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from floatip.config.explain import explained, keys_of, table_of
from floatip.config.model import Config
from floatip.config.problems import ConfigError, KeyPath, Problem
from floatip.config.relations import relations

DEFAULT_PATH = Path("/etc/floatip/floatip.toml")
ENVIRONMENT = "FLOATIP_CONFIG"

_MAX_BYTES = 4 * 1024 * 1024
_PLACE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)
_STAND_INS: dict[tuple[str, ...], object] = {
    ("cluster",): "x",
    ("node",): "x",
    ("mqtt",): {"brokers": ["mqtt://x"]},
    ("mqtt", "brokers"): ["mqtt://x"],
    ("mqtt", "embedded", "listen"): "192.0.2.1:1883",
    ("http", "listen"): "192.0.2.1:80",
    ("vip", "name"): "x",
    ("vip", "addresses"): ["192.0.2.1"],
    ("vip", "interfaces"): ["x"],
    ("alias", "address"): "192.0.2.2",
    ("alias", "purpose"): "x",
    ("check", "name"): "x",
    ("check", "type"): "process",
    ("hook", "on"): ["stop"],
    ("hook", "command"): ["/x"],
}
"""For keys that have no default: what takes a wrong value's place while the rest is looked at."""


def find(option: Path | str | None, env: Mapping[str, str]) -> Path:
    """Which file to read: the option, ``$FLOATIP_CONFIG``, or /etc/floatip/floatip.toml."""
    return Path(option or env.get(ENVIRONMENT) or DEFAULT_PATH)


def load(path: Path) -> Config:
    """The configuration in a file; ConfigError with every reason if it cannot be used."""
    try:
        return parse(_toml(path), str(path))
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply") from None


def parse(raw: dict[str, Any], source: str) -> Config:
    """The configuration in a parsed TOML document; errors begin with ``source``."""
    problems: list[Problem] = []
    broken: list[KeyPath] = []
    config: Config | None
    try:
        config = Config.model_validate(raw)
    except ValidationError as error:
        problems = explained(error)
        config, broken = _salvaged(raw, [problem.path for problem in problems])
    if config is not None:
        problems += [problem for problem in relations(config) if not _rests_on(problem, broken)]
    if problems or config is None:
        problems.sort(key=_place)
        raise ConfigError(*(f"{source}:{problem}{_whose(problem.path, raw)}" for problem in problems))
    return config


def _toml(path: Path) -> dict[str, Any]:
    how = f"name another by -c FILE or ${ENVIRONMENT}"
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{path}: there is no such file; write one, or {how}") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"{path}: cannot be read: {reason}; see `ls -l {path}`, or {how}") from None
    if len(content) > _MAX_BYTES:
        raise ConfigError(f"{path}: is larger than {_MAX_BYTES >> 20} MiB, which is no configuration; {how}")
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise ConfigError(f"{path}:{line}:{column}: must be UTF-8, found byte 0x{content[error.start]:02x}") from None
    except ValueError as error:
        raise ConfigError(f"{path}:{_placed(str(error), content.decode())}") from None


def _placed(message: str, text: str) -> str:
    """A message of tomllib as ``line:column: not TOML: reason``."""
    match = _PLACE.fullmatch(message)
    lines = text.split("\n")
    reason, line, column = match.groups() if match else (message, len(lines), len(lines[-1]) + 1)
    return f"{line}:{column}: not TOML: {reason.removesuffix(' (at end of document)')}"


def _salvaged(raw: dict[str, Any], wrong: list[KeyPath]) -> tuple[Config | None, list[KeyPath]]:
    """The document without its wrong keys, and which keys those are: so that one run finds all errors."""
    whole = copy.deepcopy(raw)
    broken = [_cut(whole, path) for path in wrong]
    try:
        return Config.model_validate(whole), broken
    except ValidationError:
        return None, broken


def _cut(whole: dict[str, Any], path: KeyPath) -> KeyPath:
    """Take the innermost key on the path out of its table, or put its stand-in there; the key's path."""
    table, depth = whole, 0
    here: Any = whole
    for number, step in enumerate(path):
        if isinstance(here, dict):
            table, depth = here, number
            here = here.get(str(step))
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
        else:
            break
    key = str(path[depth])
    table.pop(key, None)
    cut = path[: depth + 1]
    stand_in = _STAND_INS.get(table_of(cut))
    if stand_in is not None:
        table[key] = copy.deepcopy(stand_in)
    return cut


def _rests_on(problem: Problem, broken: list[KeyPath]) -> bool:
    """Whether a finding is about, or reads, a key that is wrong itself."""
    about = any(problem.path[: len(wrong)] == wrong for wrong in broken)
    return about or any(read[: len(wrong)] == wrong[: len(read)] for read in problem.reads for wrong in broken)


def _place(problem: Problem) -> tuple[int, int]:
    """For order: the table as in the documentation, unknown keys first, then the number of the item."""
    key, number, *_ = (*problem.path, 0)
    tables = keys_of(())
    return tables.index(key) if key in tables else -1, number if isinstance(number, int) else 0


def _whose(path: KeyPath, raw: dict[str, Any]) -> str:
    """The name of the item that a path leads into, where it has one: `` (vip "web")``."""
    match path:
        case (str(key), int(number), *_):
            item = raw[key][number]
            name = item.get("name") if isinstance(item, dict) else None
            return f' ({key} "{name}")' if isinstance(name, str) and name.isprintable() and len(name) < 64 else ""
        case _:
            return ""
