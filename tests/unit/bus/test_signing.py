"""Keys: files nobody else can read, signatures nobody else can make."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.bus.errors import BusError
from floatip.bus.signing import SIGNATURE_BYTES, Keys, generate_key, load_keys
from floatip.core.types import BrokerName
from tests.unit.bus.strategies import few

BROKER = BrokerName("10.77.0.1:1883")
KEYS = Keys((b"a" * 32,))


def key_file(path: Path, content: bytes = b"k" * 44, mode: int = 0o600) -> Path:
    """Write a key file."""
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_generated_key_is_private_and_loads(tmp_path: Path) -> None:
    """A new key has mode 0600 whatever the umask, and is good enough to be loaded."""
    path = tmp_path / "cluster.key"
    before = os.umask(0)
    try:
        generate_key(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (secret,) = load_keys([path]).secrets
    assert len(secret) == 44
    assert secret == path.read_bytes().strip()


def test_generated_keys_differ(tmp_path: Path) -> None:
    """No two keys are alike."""
    for name in ("a", "b"):
        generate_key(tmp_path / name)
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """An existing file, or a link to nowhere, is left alone."""
    path = key_file(tmp_path / "cluster.key")
    with pytest.raises(BusError, match=r"cluster\.key: exists already and is not overwritten"):
        generate_key(path)
    assert path.read_bytes() == b"k" * 44
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BusError, match="exists already"):
        generate_key(link)
    assert not (tmp_path / "elsewhere").exists()


def test_a_key_needs_its_folder(tmp_path: Path) -> None:
    """A path that cannot be written is named."""
    with pytest.raises(BusError, match=r"nowhere/cluster\.key: cannot be written: No such file"):
        generate_key(tmp_path / "nowhere" / "cluster.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620, 0o601])
def test_a_key_that_others_can_touch_is_refused(tmp_path: Path, mode: int) -> None:
    """The error names the file, the mode found, and the command that helps."""
    path = key_file(tmp_path / "cluster.key", mode=mode)
    with pytest.raises(BusError, match=rf"{path}: others .* \(mode {mode:04o}\): run `chmod 600 {path}`"):
        load_keys([path])


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_key_is_accepted(tmp_path: Path, mode: int) -> None:
    """Only the owner's rights matter."""
    assert load_keys([key_file(tmp_path / "cluster.key", mode=mode)])


@pytest.mark.parametrize(
    ("content", "found"), [(b"", "0"), (b"short\n", "5"), (b" " * 100, "0"), (b"x" * 5000, "more than 4096")]
)
def test_a_key_of_the_wrong_size_is_refused(tmp_path: Path, content: bytes, found: str) -> None:
    """The error tells what was found and what is wanted."""
    path = key_file(tmp_path / "cluster.key", content)
    with pytest.raises(BusError, match=f"holds {found} bytes, 32 to 4096 are wanted"):
        load_keys([path])


def test_a_missing_key_and_a_folder_are_refused(tmp_path: Path) -> None:
    """Whatever is not a readable file is named with the remedy."""
    with pytest.raises(BusError, match=r"nothing: no such file: .*floatip keygen"):
        load_keys([tmp_path / "nothing"])
    with pytest.raises(BusError, match="cannot be read"):
        load_keys([tmp_path])


def test_a_device_is_no_key() -> None:
    """A key that is not a regular file is refused before it is read."""
    with pytest.raises(BusError, match="no regular file"):
        load_keys([Path("/dev/zero")])


def test_a_pipe_is_no_key(tmp_path: Path) -> None:
    """Nobody waits for somebody to write to it: the keys are read again in service."""
    os.mkfifo(tmp_path / "key", 0o600)
    with pytest.raises(BusError, match="no regular file"):
        load_keys([tmp_path / "key"])


def test_keys_do_not_show_themselves() -> None:
    """A key that is printed or logged stays secret."""
    assert "aaaa" not in repr(KEYS)


@few
@given(st.binary(max_size=100))
def test_own_signatures_verify(payload: bytes) -> None:
    """What we sign we accept."""
    signature = KEYS.sign(BROKER, "a/b", payload)
    assert len(signature) == SIGNATURE_BYTES
    assert KEYS.verify(signature, BROKER, "a/b", payload)


def test_each_key_verifies_and_the_first_signs() -> None:
    """While keys are changed over, nodes with the old and with the new one understand each other."""
    old, new = b"o" * 32, b"n" * 32
    both = Keys((new, old))
    assert both.verify(Keys((old,)).sign(BROKER, "t", b"x"), BROKER, "t", b"x")
    assert both.sign(BROKER, "t", b"x") == Keys((new,)).sign(BROKER, "t", b"x")
    assert not Keys((old,)).verify(both.sign(BROKER, "t", b"x"), BROKER, "t", b"x")


@pytest.mark.parametrize(
    ("broker", "topic", "payload"),
    [
        ("10.77.0.2:1883", "t/log", b"payload"),
        ("10.77.0.1:1883", "t/state", b"payload"),
        ("10.77.0.1:1883", "t/log", b"payloaD"),
        ("10.77.0.1:1883", "t/log", b""),
        ("10.77.0.1:1883t", "/log", b"payload"),
        ("10.77.0.1:1883", "t/logp", b"ayload"),
        ("10.77.0.1:188", "3t/log", b"payload"),
    ],
)
def test_a_signature_is_good_for_one_place_only(broker: str, topic: str, payload: bytes) -> None:
    """Another broker, topic or payload, or bytes shifted from one into the next, is another signature."""
    signature = KEYS.sign(BROKER, "t/log", b"payload")
    assert KEYS.verify(signature, BROKER, "t/log", b"payload")
    assert not KEYS.verify(signature, BrokerName(broker), topic, payload)


@few
@given(st.binary(max_size=70))
def test_made_up_signatures_fail(signature: bytes) -> None:
    """No bytes that are not the signature pass for it."""
    assert not KEYS.verify(signature, BROKER, "t", b"payload")
