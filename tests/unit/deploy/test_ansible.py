"""The Ansible role is whole: its example is a configuration, its variables are declared, what it copies is there."""

import re
from pathlib import Path
from typing import Any

import yaml

from floatip.config import Config, load
from floatip.lab.settings import to_toml
from tests.shipped import DEPLOY

ANSIBLE = DEPLOY / "ansible"
ROLE = ANSIBLE / "roles" / "floatip"
TEMPLATE = (ROLE / "templates" / "floatip.toml.j2").read_text()


def read(name: str) -> Any:
    """Read a file of the role, or the playbook."""
    return yaml.safe_load((ROLE / name).read_text())


def test_every_file_parses() -> None:
    """As YAML; ansible-playbook knows more."""
    files = sorted(ANSIBLE.rglob("*.yml"))
    assert len(files) >= 5
    assert all(yaml.safe_load(path.read_text()) for path in files)


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    """What the playbook gives the role is a configuration that floatip takes."""
    ((play),) = yaml.safe_load((ANSIBLE / "playbook.yml").read_text())
    (role,) = play["roles"]
    path = tmp_path / "floatip.toml"
    document = {"cluster": role["floatip_cluster"], "node": "n1", **role["floatip_tables"], "vip": role["floatip_vips"]}
    path.write_text(to_toml(document))
    assert [vip.name for vip in load(path).vips] == ["web"]
    assert play["serial"] == 1


def test_the_template_writes_every_part_of_a_configuration() -> None:
    """Each list of tables that a configuration knows has its variable, and each variable is declared."""
    (pairs,) = re.findall(r"for name, tables in \{(.+)\}\.items\(\)", TEMPLATE)
    lists = dict(re.findall(r"'(\w+)': (\w+)", pairs))
    known = {name for name, part in Config.json_schema()["properties"].items() if part.get("type") == "array"}
    assert lists.keys() == known
    options = read("meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert set(re.findall(r"\bfloatip_\w+", TEMPLATE)) <= options.keys()
    required = {name for name, option in options.items() if option.get("required")}
    assert options.keys() - required == read("defaults/main.yml").keys()
    assert set(lists.values()) <= options.keys()


def test_nothing_is_installed_that_floatip_turns_down() -> None:
    """The configuration is validated before it is in place, and a change of it is reloaded."""
    tasks = {task["name"]: task for task in read("tasks/main.yml")}
    write = tasks["Write the configuration"]
    assert write["ansible.builtin.template"]["validate"] == "/opt/floatip/bin/floatip check -c %s"
    handlers = {handler["name"] for handler in read("handlers/main.yml")}
    assert write["notify"] == "Reload floatip"
    assert {task["notify"] for task in tasks.values() if "notify" in task} == handlers


def test_what_it_copies_is_there() -> None:
    """Paths that lead out of the role lead to files of this repository."""
    paths = re.findall(r"/(\.\./[\w./-]+)", (ROLE / "tasks" / "main.yml").read_text())
    assert len(paths) == 2
    assert all((ROLE / path).is_file() for path in paths)
