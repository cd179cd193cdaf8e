"""The container's files fit the repository: what is copied is there, and it is no root."""

import re
from fnmatch import fnmatchcase

import yaml

from floatip.host import capabilities
from tests.shipped import DEPLOY, TOP

DOCKERFILE = (DEPLOY / "docker" / "Dockerfile").read_text()
INSTRUCTIONS = re.sub(r"\\\n", " ", DOCKERFILE)
NAMES = {name.removeprefix("CAP_") for name in capabilities.NEEDED}


def test_what_is_copied_is_there_and_sent() -> None:
    """Each source of a COPY exists, and .dockerignore lets it pass; so does all that the package is built of."""
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", INSTRUCTIONS, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    passes = [line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in copied:
        assert (TOP / source).exists(), source
        assert any(fnmatchcase(source, pattern) for pattern in passes), source
    assert {"pyproject.toml", "README.md", "LICENSE", "floatip"} == set(copied)


def test_it_is_no_root_and_has_two_capabilities() -> None:
    """In the image by the file, in the container by its set; with more it would not be started for."""
    assert re.findall(r"^USER (\S+)$", INSTRUCTIONS, re.MULTILINE) == ["floatip"]
    (granted,) = re.findall(r"setcap (\S+)\+ep", INSTRUCTIONS)
    assert {name.removeprefix("cap_").upper() for name in granted.split(",")} == NAMES
    compose = yaml.safe_load((DEPLOY / "docker" / "compose.yaml").read_text())
    daemon = compose["services"]["floatip"]
    assert daemon["cap_drop"] == ["ALL"]
    assert set(daemon["cap_add"]) == NAMES
    assert daemon["network_mode"] == "host"
    assert (DEPLOY / "docker" / daemon["build"]["context"]).resolve() == TOP
    assert (TOP / daemon["build"]["dockerfile"]).is_file()
    (number,) = re.findall(r"useradd .*--uid (\d+)", INSTRUCTIONS)
    assert f"uid={number}" in daemon["tmpfs"][0]
