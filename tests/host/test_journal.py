"""Whatever is changed on a machine comes back: at the end, after an error, and after a kill -9 at any step."""

import contextlib
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from lab.errors import EnvironmentRefusedError, NotPutBackError
from lab.host import scratch, tuning, undo
from lab.host.journal import Entry, Journal, Kind
from lab.host.owner import Owner
from lab.host.undo import recover

_ROOT = Path(__file__).parents[2]
_MOST_STEPS = 60
_NOBODY = 2**22 + 1
"""No pid: proc(5) has the most of them."""
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="mounts and settings of the machine are root's alone"
)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """An empty one."""
    return Journal(tmp_path / "journal", Owner.of_this_process("test"))


@pytest.fixture
def knob(tmp_path: Path) -> Path:
    """A setting that is a file."""
    path = tmp_path / "knob"
    path.write_text("7\n")
    return path


def _killed_at(journal: Journal, what: str, target: Path, value: str, at: int) -> bool:
    """Whether the child was killed at that step, rather than having come to its end before."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.host.kill_at", *map(str, (journal.folder, what, target, value, at))],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def _every_step(journal: Journal, what: str, target: Path, value: str) -> Iterator[int]:
    """Each step at which the child was killed, until it has no more."""
    for at in range(1, _MOST_STEPS):
        if not _killed_at(journal, what, target, value, at):
            assert at > 6, "there must be something between the steps"
            return
        yield at
    pytest.fail(f"more than {_MOST_STEPS} steps")


def test_a_setting_is_put_back_and_nothing_is_kept(journal: Journal, knob: Path) -> None:
    """Also where the block ends in an error; meanwhile the journal tells of it."""
    with tuning.setting(journal, knob, "9") as granted:
        assert (granted, knob.read_text()) == ("9", "9")
        (kept,) = journal.entries()
        assert (kept.entry.before, kept.entry.wanted, kept.entry.granted) == ("7", "9", "9")
    assert knob.read_text() == "7"
    with contextlib.suppress(RuntimeError), tuning.setting(journal, knob, "9"):
        raise RuntimeError

    assert knob.read_text() == "7"
    assert list(journal.entries()) == []


def test_what_is_as_wanted_is_not_touched(journal: Journal, knob: Path) -> None:
    """Nor written down."""
    with tuning.setting(journal, knob, "7") as granted:
        assert granted == "7"
        assert list(journal.entries()) == []


@pytest.mark.slow
def test_a_setting_comes_back_after_a_kill_at_every_step(journal: Journal, knob: Path) -> None:
    """By the next start, and the journal is empty then; a second start has nothing to do."""
    changed = 0
    for _ in _every_step(journal, "setting", knob, "9"):
        changed += knob.read_text() == "9"
        list(recover(journal))
        assert knob.read_text().strip() == "7"
        assert list(journal.folder.iterdir()) == [], "not even an entry that was half written"
        assert list(recover(journal)) == []
    assert changed > 3
    assert knob.read_text().strip() == "7"


def test_a_setting_that_is_switched_is_as_it_was_in_between(journal: Journal, knob: Path) -> None:
    """One entry tells of it all the time; in the end, also after an error, nothing is left."""
    with contextlib.suppress(RuntimeError), tuning.switched(journal, knob, "9") as switch:
        for _ in range(3):
            assert knob.read_text().strip() == "7"
            with switch.held():
                assert knob.read_text() == "9"
        (kept,) = journal.entries()
        assert (kept.entry.before, kept.entry.wanted, kept.entry.granted) == ("7", "9", "9")
        with switch.held():
            raise RuntimeError

    assert knob.read_text() == "7"
    assert list(journal.entries()) == []


@pytest.mark.slow
def test_a_switched_setting_comes_back_after_a_kill_at_every_step(journal: Journal, knob: Path) -> None:
    """Whichever way it stands then."""
    seen = set()
    for _ in _every_step(journal, "switch", knob, "9"):
        seen.add((knob.read_text().strip(), bool(list(journal.entries()))))
        list(recover(journal))
        assert knob.read_text().strip() == "7"
        assert list(journal.entries()) == []
    assert seen == {("7", False), ("7", True), ("9", True)}


def test_what_somebody_else_changed_is_neither_switched_nor_switched_back(
    journal: Journal, knob: Path
) -> None:
    """Before it is held, and while it is."""
    with tuning.switched(journal, knob, "9") as switch:
        with pytest.raises(EnvironmentRefusedError, match="changed by somebody else to 5"), switch.held():
            knob.write_text("5")
        with pytest.raises(EnvironmentRefusedError, match="changed by somebody else to 5"), switch.held():
            pytest.fail("it is not held")

    assert knob.read_text() == "5"
    assert list(journal.entries()) == []


def test_a_switch_that_cannot_be_put_back_is_told_apart_and_held_no_more(
    journal: Journal, knob: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All the time it was as it was wanted. The entry stays until it is back, whoever puts it back."""
    write = Path.write_text

    def refusing(path: Path, text: str, **rest: Any) -> int:
        if text == "7":
            raise OSError(errno.EIO, "Input/output error")
        return write(path, text, **rest)

    with tuning.switched(journal, knob, "9") as switch:
        monkeypatch.setattr(Path, "write_text", refusing)
        with (
            pytest.raises(NotPutBackError, match=r"could not be put back to 7: .*Input/output"),
            switch.held(),
        ):
            assert knob.read_text() == "9"
        with pytest.raises(EnvironmentRefusedError, match="could not be put back to 7"), switch.held():
            pytest.fail("it is not held")

    assert knob.read_text() == "9"
    (kept,) = journal.entries()
    monkeypatch.undo()
    undo.undo(journal, kept)
    assert knob.read_text() == "7"
    assert list(journal.entries()) == []


def test_a_switch_that_would_change_nothing_changes_nothing(journal: Journal, knob: Path) -> None:
    """Nor is it written down; one that cannot be set is refused before anybody holds it."""
    with tuning.switched(journal, knob, "7") as switch, switch.held():
        assert knob.read_text() == "7\n"
        assert list(journal.entries()) == []
    with (
        pytest.raises(EnvironmentRefusedError, match="cannot be read: No such file"),
        tuning.switched(journal, knob.parent / "none", "2"),
    ):
        pytest.fail("there is nothing to hold")


@needs_root
@pytest.mark.slow
def test_a_folder_and_its_mount_are_gone_after_a_kill_at_every_step(journal: Journal, tmp_path: Path) -> None:
    """The mount by the journal, at the next start; then the folder and what it held, by its name."""
    place = tmp_path / "place"
    mounted = 0
    for _ in _every_step(journal, "folder", place, "overlay-mount:3"):
        mounted += str(place) in Path("/proc/self/mounts").read_text()
        list(recover(journal))
        assert str(place) not in Path("/proc/self/mounts").read_text()
        assert list(journal.entries()) == []
        for path in scratch.left([place]):
            scratch.remove(path)
        assert not place.exists() or list(place.iterdir()) == []
    assert mounted >= 2, "it is mounted while the block lasts, and before it is undone"
    assert list(place.iterdir()) == []


def test_what_the_living_changed_is_theirs(journal: Journal, knob: Path) -> None:
    """Only the dead are cleaned up after."""
    with tuning.setting(journal, knob, "9"):
        assert list(recover(journal)) == []
        assert knob.read_text() == "9"


def test_what_somebody_else_changed_is_left(journal: Journal, knob: Path) -> None:
    """And said so; the entry goes, because there is nothing of ours left."""
    with tuning.setting(journal, knob, "99"):
        knob.write_text("1000")

    assert knob.read_text() == "1000"
    assert list(journal.entries()) == []


@pytest.mark.parametrize(
    ("before", "wanted", "granted", "now", "ours"),
    [
        ("0", "64", "", "13", True),  # killed before it was known how many were granted
        ("64", "0", "", "13", True),
        ("0", "64", "30", "30", True),
        ("0", "64", "30", "65", False),
        ("madvise", "always", "", "always", True),
        ("madvise", "always", "", "never", False),
    ],
)
def test_a_number_on_the_way_is_ours(
    journal: Journal, before: str, wanted: str, granted: str, now: str, *, ours: bool
) -> None:
    """Huge pages come one by one, and a kill may fall between."""
    kept = journal.write("setting", "/x", before=before, wanted=wanted)

    assert undo.is_ours(replace(kept.entry, granted=granted), now) is ours


def test_a_choice_is_read_by_its_brackets(tmp_path: Path) -> None:
    """As the kernel shows it."""
    path = tmp_path / "enabled"
    path.write_text("always [madvise] never\n")

    assert undo.read_setting(path) == "madvise"


def test_what_cannot_be_put_back_is_kept_and_told(journal: Journal, tmp_path: Path) -> None:
    """The next start tries again."""
    dead = replace(journal.owner, boot="another")
    Journal(journal.folder, dead).write("setting", str(tmp_path / "gone"), before="1", wanted="2")

    (words,) = recover(journal)

    assert "could not be put back" in words
    assert len(list(journal.entries())) == 1


def _in_namespace(journal: Journal, target: Path, namespace: str, kind: Kind = "mount") -> Entry:
    """What an owner who is dead left mounted in a mount namespace."""
    kept = Journal(journal.folder, replace(journal.owner, pid=_NOBODY)).write(kind, str(target))
    entry = replace(kept.entry, namespace=namespace)
    kept.path.write_bytes(msgspec.json.encode(entry))
    return entry


@needs_root
def test_a_mount_of_another_namespace_is_not_taken_for_undone(journal: Journal, tmp_path: Path) -> None:
    """It cannot be seen from here; who is there finds the entry. What is nobody's namespace is everybody's."""
    dead = Journal(journal.folder, replace(journal.owner, pid=_NOBODY))
    dead.write("mount", str(tmp_path / "other"))
    dead.write("loop", "/dev/loop77", wanted="/nowhere")
    with subprocess.Popen(["unshare", "--mount", "cat"], stdin=subprocess.PIPE) as there:
        assert there.stdin is not None
        place = Path(f"/proc/{there.pid}/ns/mnt")
        while place.readlink() == Path("/proc/self/ns/mnt").readlink():
            time.sleep(0.001)
        elsewhere = _in_namespace(journal, tmp_path, str(place.readlink()))

        assert len(list(recover(journal))) == 2
        assert [each.entry for each in journal.entries()] == [elsewhere]
        there.stdin.close()


@pytest.mark.parametrize(
    ("lives_in", "file_of", "is_gone"),
    [("mnt:[2]", "mnt:[3]", True), ("mnt:[1]", "mnt:[3]", False), ("mnt:[2]", "mnt:[1]", False)],
)
def test_a_mount_is_gone_with_its_namespace(
    journal: Journal,
    tmp_path: Path,
    lives_in: str,
    file_of: str,
    is_gone: bool,  # noqa: FBT001 - what is expected
) -> None:
    """When no process lives in it and no file keeps it; what is frozen nobody can see."""
    process = tmp_path / "proc/17/ns"
    process.mkdir(parents=True)
    (process / "mnt").symlink_to(lives_in)
    (tmp_path / "proc/18").mkdir()  # it has ended while it was looked at
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/self/mountinfo").write_text(
        f"22 27 0:21 / /proc rw - proc proc rw\n40 27 0:4 {file_of} /run/ns rw - nsfs nsfs rw\n"
    )
    mount, freeze = (_in_namespace(journal, tmp_path, "mnt:[1]", kind) for kind in ("mount", "freeze"))

    assert undo.is_gone(mount, journal.owner, tmp_path) is is_gone
    assert not undo.is_gone(freeze, journal.owner, tmp_path)
    assert not undo.is_gone(mount, journal.owner, tmp_path / "nothing to be seen")


def test_what_an_earlier_boot_had_mounted_anywhere_is_forgotten(journal: Journal, tmp_path: Path) -> None:
    """Also what was frozen; what is frozen since is kept, for nobody can see from here whether it is still."""
    frozen = _in_namespace(journal, tmp_path, "mnt:[1]", "freeze")
    before = Journal(journal.folder, replace(journal.owner, boot="another")).write("freeze", "/there")
    before.path.write_bytes(msgspec.json.encode(replace(before.entry, namespace="mnt:[1]")))

    assert len(list(recover(journal))) == 1
    assert [each.entry for each in journal.entries()] == [frozen]


def test_what_is_going_to_be_undone_is_foretold_in_order(journal: Journal) -> None:
    """In words, and nothing is done; what the living changed is not among it."""
    dead = Journal(journal.folder, replace(journal.owner, boot="another"))
    dead.write("setting", "/sys/x", before="1", wanted="2")
    dead.write("loop", "/dev/loop9", wanted="/disk")
    dead.write("mount", "/there")
    journal.write("mount", "/ours")

    assert [undo.foretold(kept) for kept in undo.left(journal)] == [
        "/there is to be unmounted",
        "/dev/loop9 is to be detached",
        "/sys/x is to be 1 again",
    ]
    assert len(list(journal.entries())) == 4


def test_what_is_no_entry_is_left_alone(journal: Journal) -> None:
    """Half a file, another format, another program's."""
    journal.write("setting", "/x", before="1", wanted="2")
    (journal.folder / "1-half.json").write_text('{"kind": "sett')
    (journal.folder / "2-new.json").write_text('{"format": 99}')

    assert len(list(journal.entries())) == 1


def test_a_machine_that_cannot_be_changed_is_refused(journal: Journal, tmp_path: Path) -> None:
    """In a sentence; and where the journal cannot be written, nothing is changed."""
    with (
        pytest.raises(EnvironmentRefusedError, match="cannot be set to 2: No such file"),
        tuning.setting(journal, tmp_path / "none", "2"),
    ):
        pass
    (tmp_path / "file").write_text("")
    knob = tmp_path / "knob"
    knob.write_text("1")
    blocked = Journal(tmp_path / "file" / "journal", journal.owner)
    with (
        pytest.raises(EnvironmentRefusedError, match="cannot be written down"),
        tuning.setting(blocked, knob, "2"),
    ):
        pass

    assert knob.read_text() == "1"


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("name", ["nr_overcommit_hugepages", "nr_hugepages"])
def test_huge_pages_come_back_after_a_kill_at_every_step(journal: Journal, name: str) -> None:
    """The kernel's own pool, by three pages."""
    path = tuning.huge_page_pool() / name
    before = path.read_text()
    wanted = str(int(before) + 3)
    for _ in _every_step(journal, "setting", path, wanted):
        list(recover(journal))
        assert path.read_text() == before
        assert list(journal.entries()) == []


@needs_root
@pytest.mark.slow
def test_transparent_huge_pages_come_back_after_a_kill_at_every_step(journal: Journal) -> None:
    """The kernel's own setting, whatever it is."""
    path = tuning.transparent_huge_pages()
    before = path.read_text()
    other = "always" if "[always]" not in before else "madvise"
    changed = 0
    for _ in _every_step(journal, "switch", path, other):
        changed += path.read_text() != before
        list(recover(journal))
        assert path.read_text() == before
        assert list(journal.entries()) == []
    assert changed > 3


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("what", ["tmpfs", "overlay"])
def test_mounts_are_gone_after_a_kill_at_every_step(journal: Journal, tmp_path: Path, what: str) -> None:
    """Whatever is in the name of the place: the kernel writes some bytes of it otherwise."""
    target = tmp_path / "a place of José's"
    target.mkdir()
    value = tmp_path / "layers"
    for name in ("a", "b", "up", "work"):
        (value / name).mkdir(parents=True)
    if what == "overlay":  # an overlay cannot lie on another one's upper layer
        subprocess.run(["mount", "-t", "tmpfs", "golab-test", str(value)], check=True)
        for name in ("a", "b", "up", "work"):
            (value / name).mkdir()
    try:
        mounted = 0
        for _ in _every_step(journal, what, target, str(value)):
            mounted += os.path.ismount(target)
            list(recover(journal))
            assert not os.path.ismount(target)
            assert list(journal.entries()) == []
        assert mounted > 1
    finally:
        if what == "overlay":
            subprocess.run(["umount", str(value)], check=True)


@needs_root
@pytest.mark.slow
def test_what_is_frozen_is_thawed_before_it_is_unmounted(journal: Journal, tmp_path: Path) -> None:
    """In the order in which that is possible, whatever order it was written in."""
    disk, target = tmp_path / "disk", tmp_path / "mounted"
    disk.write_bytes(b"\0" * (8 << 20))
    target.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", str(disk)], check=True)
    dead = Journal(journal.folder, replace(journal.owner, pid=2**22 + 1))
    device = subprocess.run(
        ["losetup", "--find", "--show", str(disk)], capture_output=True, text=True, check=True
    ).stdout.strip()
    dead.write("freeze", str(target))
    dead.write("loop", device, wanted=str(disk))
    dead.write("mount", str(target))
    subprocess.run(["mount", device, str(target)], check=True)
    subprocess.run(["fsfreeze", "--freeze", str(target)], check=True)

    words = list(recover(journal))

    assert words == [f"thawed {target}", f"unmounted {target}", f"detached {device}"]
    assert list(journal.entries()) == []
    assert not os.path.ismount(target)
