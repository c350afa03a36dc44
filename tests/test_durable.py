"""Writing that is whole or not there; a folder in which nothing can be written is told of before anything is measured."""

import os
from pathlib import Path

import pytest

from lab import durable
from lab.errors import StoreError


def test_what_is_appended_is_there_whole(tmp_path: Path) -> None:
    """And cut where it is cut."""
    path = tmp_path / "lines"
    durable.append(path, b"one\n")
    durable.append(path, b"two\n")
    assert path.read_bytes() == b"one\ntwo\n"
    durable.cut(path, 4)
    assert path.read_bytes() == b"one\n"


def test_a_device_without_room_is_a_sentence(tmp_path: Path) -> None:
    """The kernel's own full disk."""
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(StoreError, match=r"full: cannot be written: No space left on device") as full:
        durable.append(tmp_path / "full", b"one\n")
    assert full.value.exit_code == 6


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what it would be made in; a file is none; nothing is made by asking."""
    durable.refuse_unwritable(tmp_path / "not" / "there" / "yet")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="Not a directory"):
        durable.refuse_unwritable(tmp_path / "file" / "results")
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    with pytest.raises(StoreError, match=r"Permission denied|Read-only file system"):
        durable.refuse_unwritable(tmp_path / "results")
