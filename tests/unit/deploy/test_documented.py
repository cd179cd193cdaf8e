"""Whatever is in deploy/ is in the documentation."""

from tests.shipped import DEPLOY, TOP


def test_every_file_is_named() -> None:
    """By its path, or by that of its folder."""
    text = (TOP / "docs" / "deployment.md").read_text()
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]
    assert len(files) > 10
    for path in files:
        folders = [f"{it.relative_to(TOP)}/" for it in path.parents if it.is_relative_to(DEPLOY) and it != DEPLOY]
        assert any(name in text for name in (str(path.relative_to(TOP)), *folders)), path
