"""Files that are whole whenever a process is killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.host.files import replace_text


def test_a_file_is_replaced_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kill of a process must not leave half a file, which the next start could not read."""
    file = tmp_path / "below" / "ports.json"
    replace_text(file, "old")
    write = Path.write_text

    def killed(path: Path, text: str) -> int:
        write(path, text[:2])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", killed)
    with pytest.raises(KeyboardInterrupt):
        replace_text(file, "new content")
    assert file.read_text() == "old"
    monkeypatch.undo()
    replace_text(file, "new content")
    assert [path.name for path in file.parent.iterdir()] == ["ports.json"]
    assert file.read_text() == "new content"
