"""What one replicate of fs-open says, under every release, in a folder that came with files and in one that did not."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from lab.engine import folders
from lab.engine.host import HostEngine
from lab.golang import toolchain
from lab.golang.build import Setting, build
from lab.golang.overlay import overlaid
from lab.golang.render import render_program
from lab.host.journal import Journal
from lab.host.owner import Owner
from lab.manifest import load
from lab.manifest.building import load_overlay
from lab.model.folder import Laid

pytestmark = [pytest.mark.go, pytest.mark.slow]

_RELEASES = ("1.22.10", "1.24.11", "1.27.3")
_OVERLAY = 0x794C7630
"""linux/magic.h."""

Said = Mapping[str, list[int]]
Replicate = Callable[..., tuple[Said, int, str]]


@pytest.fixture(scope="module")
def binaries(
    lab_root: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, bool], Path]:
    """A function that gives the program as a release builds it, with counters in the scheduler or without."""
    scenario = load(lab_root / "scenarios/fs-open.toml")
    templates, folder = lab_root / "go_templates", tmp_path_factory.mktemp("fs-open")
    values = {factor.name: factor.default.value for factor in scenario.factors}

    def binary(release: str, is_counted: bool) -> Path:  # noqa: FBT001 - its only callers are below
        path = folder / f"{release}-{is_counted}"
        if not path.exists():
            go = toolchain.fetch(release, cache, print)
            program = render_program(templates, "fs-open", tools=templates, go_line=go.go_line, values=values)
            counters = load_overlay([templates / "overlays"], "counters")
            setting = Setting(sources=overlaid([counters], go)) if is_counted else Setting()
            path.write_bytes(build(HostEngine(cache=cache), go, program, cache, setting).content)
            path.chmod(0o755)
        return path

    return binary


@pytest.fixture
def replicate(binaries: Callable[[str, bool], Path], tmp_path: Path) -> Replicate:
    """A function that runs one replicate in a folder and gives its observations by name, its exit code, its words."""

    def run(
        *flags: str,
        where: Path | None = None,
        turn: int = 0,
        release: str = "1.27.3",
        is_counted: bool = False,
    ) -> tuple[Said, int, str]:
        reading, writing = os.pipe()
        folder = where or tmp_path
        with os.fdopen(reading) as lines:
            done = subprocess.run(
                [binaries(release, is_counted), *flags],
                cwd=folder,
                pass_fds=(writing,),
                env={"LAB_FD": str(writing), "LAB_TURN": str(turn)}
                | ({"LAB_FOLDER": "mounted"} if where else {}),
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )
            os.close(writing)
            said: dict[str, list[int]] = {}
            for line in map(json.loads, lines):
                if "o" in line:
                    said.setdefault(line["o"], []).append(line["v"])
        return said, done.returncode, done.stderr

    return run


@pytest.mark.parametrize("release", _RELEASES)
def test_a_bare_folder_gets_the_files_that_are_opened(
    replicate: Replicate, tmp_path: Path, release: str
) -> None:
    """The first, the same again, and names of its own; they are there before the first os.Open."""
    said, code, words = replicate("-depth=4", release=release, turn=3)

    assert (code, words) == (0, "")
    assert {name: len(values) for name, values in said.items()} == {
        "fs_type": 1,
        "first_ns": 1,
        "again_ns": 64,
        "new_ns": 4,
    }
    assert all(value > 0 for values in said.values() for value in values)
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert made == {"d/d/d/known", *(f"d/d/d/new-{number}" for number in range(12, 16))}


@pytest.mark.parametrize("release", _RELEASES)
def test_what_is_absent_is_opened_all_the_same(replicate: Replicate, tmp_path: Path, release: str) -> None:
    """And its folders are there, so that the last name is the one that is missing."""
    said, code, _ = replicate("-file=absent", "-depth=16", release=release)

    assert code == 0
    assert [len(said[name]) for name in ("first_ns", "again_ns", "new_ns")] == [1, 64, 4]
    assert (tmp_path / "/".join("d" * 15)).is_dir()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize("release", _RELEASES)
def test_many_at_once_say_how_long_each_took_and_another_goroutine_waited(
    replicate: Replicate, release: str
) -> None:
    """Sixteen opens a goroutine; main, the other one, the runtime's own threads and those that are in the kernel."""
    said, code, _ = replicate("-file=absent", "-goroutines=16", release=release)

    assert code == 0
    assert len(said["one_ns"]) == 16 * 16
    assert sum(said["all_ns"]) >= max(said["one_ns"])
    assert all(late > 0 for late in said.get("other_late_ns", ())), (
        "it may be over before the first millisecond is"
    )
    assert 2 <= said["threads"][0] <= 64
    assert "handoffs" not in said


@pytest.mark.parametrize("release", _RELEASES)
def test_how_often_a_p_was_handed_off_is_told_by_the_counters(replicate: Replicate, release: str) -> None:
    """Over the scheduler's counters; without them nothing is said. Whether any is, here, depends on the disk: that they count is seen in sched-starvation."""
    said, code, _ = replicate("-file=absent", "-goroutines=16", release=release, is_counted=True)

    assert code == 0
    assert len(said["handoffs"]) == 1
    assert 0 <= said["handoffs"][0] < 16 * 16


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """A folder of three layers with a file for each of two processes."""
    if os.geteuid() != 0:
        pytest.skip("mounts are made by root alone")
    laid = (
        Laid(path="d/d/d/known", size=10),
        Laid(path="d/d/d/new-{}", size=10, count=8),
        Laid(path="topknown", size=10, layer="top"),
        Laid(path="topnew-{}", size=10, count=8, layer="top"),
        Laid(path="known", size=10),
        Laid(path="big-4096-{}", size=4096, count=2, is_linked=True),
    )
    book = Journal(tmp_path / "journal", Owner.of_this_process("test"))
    with folders.made("overlay-mount:3", tmp_path / "place", book, laid) as shown:
        assert shown is not None
        yield shown


def test_a_file_that_is_opened_for_writing_is_copied_up_and_removed(
    replicate: Replicate, mounted: Path
) -> None:
    """Its other names stay below; opened for reading it was not copied; a third process finds no name left."""
    upper = mounted.parent / "up"
    found = [replicate("-file=written", "-size=4096", where=mounted, turn=turn)[0] for turn in range(2)]
    _, code, words = replicate("-file=written", "-size=4096", where=mounted, turn=2)

    assert [sorted(said) for said in found] == [
        ["fs_type", "read_again_ns", "read_first_ns", "write_again_ns", "write_first_ns"]
    ] * 2
    assert [said["fs_type"] for said in found] == [[_OVERLAY]] * 2
    assert (code, "more processes than names" in words) == (1, True)
    # What was removed from above a lower layer leaves a mark, a character device: that is what shows that it had been above.
    assert {path.name: path.is_char_device() for path in upper.iterdir()} == {
        "big-4096-0": True,
        "big-4096-1": True,
    }


@pytest.mark.parametrize("flags", [("-file=top",), ("-depth=4",), ("-file=absent", "-depth=4")])
def test_each_process_opens_names_of_its_own(
    replicate: Replicate, mounted: Path, flags: tuple[str, ...]
) -> None:
    """Those that the folder came with, wherever they are; nothing of it is written."""
    for turn in range(2):
        said, code, words = replicate(*flags, where=mounted, turn=turn)

        assert (code, words) == (0, "")
        assert [len(said[name]) for name in ("first_ns", "again_ns", "new_ns")] == [1, 64, 4]
    assert list((mounted.parent / "up").iterdir()) == []


def test_names_run_out_rather_than_be_made(replicate: Replicate, mounted: Path) -> None:
    """In a folder that came with files none is made: it would lie above, and be known. The process says so and fails, which nobody overlooks."""
    said, code, words = replicate(where=mounted, turn=7)

    assert code == 1
    assert words.startswith(
        "fs-open: new-28 is not what -file=lowest means: are there more processes than names"
    )
    assert "new_ns" not in said
    assert list((mounted.parent / "up").iterdir()) == []


@pytest.mark.parametrize("flags", [("-goroutines=4",), ("-file=elsewhere",), ("-depth=0",)])
def test_what_it_cannot_do_is_said(replicate: Replicate, flags: tuple[str, ...]) -> None:
    """And nothing is observed."""
    said, code, words = replicate(*flags)

    assert (said, code) == ({}, 2)
    assert words.startswith("fs-open: ")
