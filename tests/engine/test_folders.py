"""Folders that containers are shown: what they hold, and what is left of them."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine import folders
from lab.errors import EnvironmentRefusedError
from lab.host import scratch, tuning
from lab.host.journal import Journal
from lab.host.owner import Owner
from lab.model.folder import Laid

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts are made by root alone")
_LAID = (
    Laid(path="a/b/low-{}", size=20, count=3),
    Laid(path="big-{}", size=5000, count=3, is_linked=True),
    Laid(path="high", size=7, layer="top"),
)


@pytest.fixture
def book(tmp_path: Path) -> Journal:
    """A journal of its own."""
    return Journal(tmp_path / "journal", Owner.of_this_process("test"))


def _below(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_size for path in folder.rglob("*") if path.is_file()
    }


_ALL = {
    "layer-1": 7,
    "high": 7,
    **{f"a/b/low-{n}": 20 for n in range(3)},
    **{f"big-{n}": 5000 for n in range(3)},
}


def test_a_folder_of_one_layer_holds_what_is_laid_in_any(tmp_path: Path, book: Journal) -> None:
    """And is gone in the end; several names of one file are that."""
    with folders.made("bind", tmp_path / "place", book, _LAID) as shown:
        assert shown is not None
        assert _below(shown) == _ALL
        assert (shown / "big-2").stat().st_nlink == 3
    assert list((tmp_path / "place").iterdir()) == []


@needs_root
def test_layers_hold_what_is_laid_in_them(tmp_path: Path, book: Journal) -> None:
    """The first directory is the lowest, the last the top one; all of it is seen from above."""
    with folders.made("overlay-mount:3", tmp_path / "place", book, _LAID) as shown:
        assert shown is not None
        assert scratch.is_one(shown.parent)
        assert _below(shown) == {**_ALL, "layer-2": 7, "layer-3": 7}
        assert set(_below(shown.parent / "1")) == set(_ALL) - {"high"}
        assert set(_below(shown.parent / "3")) == {"layer-3", "high"}
    assert list((tmp_path / "place").iterdir()) == []
    assert list(book.entries()) == []


@needs_root
@pytest.mark.parametrize(
    ("known", "options"),
    [((), "work"), (("index",), "work,index=off"), (("index", "metacopy"), "work,index=off,metacopy=off")],
)
def test_a_mount_is_the_same_whatever_the_kernel_has_on_for_all(
    tmp_path: Path,
    book: Journal,
    monkeypatch: pytest.MonkeyPatch,
    known: tuple[str, ...],
    options: str,
) -> None:
    """What it knows of an index and of copies of metadata alone is off; an older kernel, which knows neither, mounts all the same."""
    settings = tmp_path / "parameters"
    settings.mkdir()
    for name in known:
        (settings / name).write_text("Y")
    asked: list[str] = []
    mount = tuning.mount

    def seen(
        book: Journal, target: Path, *words: str, within: Path
    ) -> contextlib.AbstractContextManager[Path]:
        asked.append(words[3])
        return mount(book, target, *words, within=within)

    monkeypatch.setattr(folders, "_SETTINGS", settings)
    monkeypatch.setattr(tuning, "mount", seen)

    with folders.made("overlay-mount:2", tmp_path / "place", book, _LAID) as shown:
        assert shown is not None
        assert shown.is_mount()
    assert asked == [f"lowerdir=2:1,upperdir=up,workdir={options}"]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 256 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "golab-test", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@needs_root
def test_a_disk_that_is_full_refuses_the_folder(small: Path, book: Journal) -> None:
    """With what would help, and nothing is left on it."""
    with (
        pytest.raises(EnvironmentRefusedError, match="cannot be written there: No space left") as refused,
        folders.made("bind", small / "place", book, (Laid(path="big", size=1 << 20),)),
    ):
        pytest.fail("it does not fit")

    assert "golab clean" in str(refused.value.hint)
    assert list((small / "place").iterdir()) == []


_AS_ROOT_THAT_MAY_NOT_MOUNT = ("setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin")
_MOUNTING = """
import sys
from pathlib import Path
from lab.engine import folders
from lab.errors import EnvironmentRefusedError
from lab.host import scratch, tuning
from lab.host.journal import Journal
from lab.host.owner import Owner

place = Path(sys.argv[1])
book = Journal(place / "journal", Owner.of_this_process("test"))
try:
    with folders.made("overlay-mount:2", place / "folders", book):
        print("mounted")
except EnvironmentRefusedError as error:
    print("refused:", error)
print(list((place / "folders").iterdir()), list(book.entries()))
"""


@needs_root
@pytest.mark.slow
def test_a_root_that_may_not_mount_is_refused_with_the_reason(tmp_path: Path) -> None:
    """As in a container: mount's own words, and nothing is left, of the folder or in the journal."""
    done = subprocess.run(
        [*_AS_ROOT_THAT_MAY_NOT_MOUNT, sys.executable, "-c", _MOUNTING, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    said, *_, left = done.stdout.splitlines()
    assert said.startswith("refused: mount -t overlay ")
    assert "permission denied" in said or "must be superuser" in said
    assert left == "[] []"
