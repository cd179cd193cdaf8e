"""Every sample configuration that Debian's keepalived comes with is imported, or said to have nothing to import."""

import gzip
from pathlib import Path

import pytest

from floatip.config import load
from floatip.keepalived import Kind, NothingToImport, Wishes, import_file

pytestmark = pytest.mark.lab

FOLDER = Path("/usr/share/doc/keepalived/samples")
REMEDY = "apt-get install --reinstall -o 'Dpkg::Options::=--path-include=/usr/share/doc/keepalived/*' keepalived"


def samples() -> list[Path]:
    """The samples, in the order of their names; the test fails if there are none."""
    found = sorted(FOLDER.glob("keepalived.conf.*"))
    assert found, f"no samples in {FOLDER}: {REMEDY}"
    return found


def test_every_sample_is_imported_or_has_nothing(tmp_path: Path) -> None:
    """Those with a vrrp_instance give a file that floatip takes; nothing in any of them is unknown."""
    imported = []
    for sample in samples():
        content = sample.read_bytes()
        text = gzip.decompress(content) if sample.suffix == ".gz" else content
        path, there = tmp_path / sample.name.removesuffix(".gz"), tmp_path / f"{sample.name}.toml"
        path.write_bytes(text)
        try:
            result = import_file(path, Wishes(config_id="high"))
        except NothingToImport as nothing:
            entries = nothing.entries
            assert b"\nvrrp_instance" not in text, sample
        else:
            entries = result.entries
            there.write_text(result.config)
            assert load(there).vips, sample
            imported.append(sample.name)
        assert [one for one in entries if one.kind is Kind.UNKNOWN] == [], sample
    assert len(imported) >= 10, imported
