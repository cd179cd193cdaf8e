"""Addresses in netplan's YAML files.

Knows: `network: TYPE: ID: addresses:` (netplan-yaml(5)), that files add to each other, and that an id is not always
the interface's name. Never: gateways, routes, nameservers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import yaml

from floatip.host.bootentry import BootEntry, Reader, Text

FOLDERS: Final = ("/etc/netplan", "/run/netplan", "/lib/netplan")
PATTERN: Final = r".*\.yaml"
_PATTERN_SIGNS: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One definition of an interface in one file: `ethernets: lan0:` has the kind ethernets and the id lan0."""

    kind: str
    id: str
    interface: str | None
    file: str


@dataclass(frozen=True, slots=True)
class _Found:
    """A definition as it stands in a file."""

    kind: str
    id: str
    text: Text
    body: yaml.MappingNode


def entries(reader: Reader) -> list[BootEntry]:
    """Every address in netplan's files."""
    found = _definitions(reader)
    names = _interfaces(found)
    return [entry for it in found for entry in _addresses(reader, it, names[it.id])]


def definitions(reader: Reader) -> list[Definition]:
    """Every definition of an interface, with or without addresses."""
    found = _definitions(reader)
    names = _interfaces(found)
    return [Definition(kind=it.kind, id=it.id, interface=names[it.id], file=it.text.path) for it in found]


def _definitions(reader: Reader) -> list[_Found]:
    found = []
    for path in reader.effective(FOLDERS, PATTERN):
        text = reader.read(path)
        root = None if text is None else _parse(reader, text)
        if text is None or root is None:
            continue
        for kind, of_kind in _pairs(_value(root, "network")):
            for name, body in _pairs(of_kind):
                if isinstance(body, yaml.MappingNode):
                    found.append(_Found(kind, name, text, body))
    return found


def _parse(reader: Reader, text: Text) -> yaml.Node | None:
    try:
        root: yaml.Node | None = yaml.compose("\n".join(text.lines), Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        reader.warn(text.path, line, f"is no YAML ({error.problem or error.context}): netplan refuses it too")
    except (yaml.YAMLError, RecursionError) as error:
        why = str(error).partition("\n")[0]
        reader.warn(text.path, 0, f"is no YAML ({why}): netplan refuses it too")
    else:
        return root
    return None


def _interfaces(found: list[_Found]) -> dict[str, str | None]:
    """Name of the interface of each id: `set-name`, else the name that it matches, else the id itself."""
    names: dict[str, str | None] = {}
    for it in found:
        names.setdefault(it.id, it.id)
        match = _value(it.body, "match")
        renamed = _scalar(_value(it.body, "set-name"))
        if renamed:
            names[it.id] = renamed
        elif match is not None and names[it.id] == it.id:
            matched = _scalar(_value(match, "name"))
            names[it.id] = matched if matched and not _PATTERN_SIGNS & set(matched) else None
    return names


def _addresses(reader: Reader, found: _Found, interface: str | None) -> Iterator[BootEntry]:
    listed = _value(found.body, "addresses")
    if listed is None or _scalar(listed) == "":
        return
    if not isinstance(listed, yaml.SequenceNode):
        reader.warn(found.text.path, listed.start_mark.line + 1, "addresses is no list: netplan refuses it too")
        return
    for item in listed.value:
        node = item.value[0][0] if isinstance(item, yaml.MappingNode) and item.value else item
        written = _scalar(node)
        line = node.start_mark.line + 1
        if written is None:
            reader.warn(found.text.path, line, "an entry of addresses is no address")
            continue
        address = reader.address(found.text, line, written)
        if address is not None:
            yield BootEntry(
                manager="netplan",
                file=found.text.path,
                line=line,
                address=address,
                interface=interface,
                text=found.text.line(line),
                remedy=found.text.remedy(
                    f"delete {written} from `addresses` of {found.id} (line {line})", "run `netplan apply`"
                ),
            )


def _pairs(node: yaml.Node | None) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the entries of a mapping whose keys are plain; nothing if it is no mapping."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield key.value, value


def _value(node: yaml.Node | None, key: str) -> yaml.Node | None:
    return next((value for name, value in _pairs(node) if name == key), None)


def _scalar(node: yaml.Node | None) -> str | None:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else None
