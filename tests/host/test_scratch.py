"""Folders that a dead golab left are told from those of the living, of other users' and of other machines', and removed with whom it started."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.host import scratch

_ROOT = Path(__file__).parents[2]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts are root's alone")


def _of_a_dead(above: Path, use: str = "job") -> Path:
    """A folder whose maker was killed in the middle."""
    program = (
        "import os, signal, sys; from pathlib import Path; from lab.host import scratch\n"
        "with scratch.folder(Path(sys.argv[1]), sys.argv[2]) as made:\n"
        " (made / 'file').write_text(''); print(made, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(above), use],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return Path(done.stdout.strip())


def test_a_folder_is_gone_at_the_end(tmp_path: Path) -> None:
    """Also after an error, and though a build tool left what cannot be written."""
    with contextlib.suppress(KeyError), scratch.folder(tmp_path, "job") as made:
        (made / "deep").mkdir()
        (made / "deep/file").write_text("")
        (made / "deep").chmod(0o500)
        raise KeyError

    assert list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """And nothing but it is there then."""
    scratch.write(tmp_path / "kept", b"old")
    scratch.write(tmp_path / "kept", b"new")

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("kept", b"new")]


@pytest.mark.slow
def test_only_what_a_dead_golab_left_is_found(tmp_path: Path) -> None:
    """Not what lives, what merely looks alike, what another machine made, or nobody knows who."""
    dead = _of_a_dead(tmp_path)
    (tmp_path / "golab-job-abc").mkdir()
    (tmp_path / dead.name.replace(dead.name.split("-")[2], "0" * 8)).mkdir()
    with scratch.folder(tmp_path, "run"):
        found = list(scratch.left([tmp_path, tmp_path / "none"]))

    assert found == [dead]
    assert scratch.remove(dead) == f"removed {dead}"
    assert not dead.exists()


@pytest.mark.slow
def test_a_machine_may_be_renamed_and_another_is_told(tmp_path: Path) -> None:
    """In the same boot and pid namespace a pid is a pid. What cannot be judged is left, and found by who wants to tell of it."""
    dead = _of_a_dead(tmp_path)
    digests = dead.name.split("-")[2]
    as_it_was = {
        name: tmp_path / dead.name.replace(digests, changed)
        for name, changed in (
            ("older", digests[:8]),
            ("renamed", f"{'0' * 8}{digests[8:]}"),
            ("another", "0" * 16),
        )
    }
    for path in as_it_was.values():
        path.mkdir()

    assert set(scratch.left([tmp_path])) == {dead, as_it_was["older"], as_it_was["renamed"]}
    assert list(scratch.foreign([tmp_path])) == [as_it_was["another"]]


@pytest.mark.slow
def test_what_was_made_before_the_last_boot_is_found(tmp_path: Path) -> None:
    """Whoever has that pid now."""
    with scratch.folder(tmp_path, "run") as made:
        before = tmp_path / made.name.replace(made.name.split("-")[3], "0" * 8)
        before.mkdir()
        assert list(scratch.left([tmp_path])) == [before]


@pytest.mark.slow
def test_who_was_started_there_is_ended_and_who_only_looks_is_not(tmp_path: Path) -> None:
    """A build goes on when its golab is killed; a user's shell may stand in the folder."""
    dead = _of_a_dead(tmp_path)
    marked = {**os.environ, scratch.MARK: str(dead)}
    with (
        subprocess.Popen(["sleep", "60"], env=marked, start_new_session=True) as started,
        subprocess.Popen(["sleep", "60"], cwd=dead, env={**os.environ, "PWD": str(dead)}) as looking,
    ):
        time.sleep(0.05)
        words = scratch.remove(dead)
        assert started.wait() == -signal.SIGKILL
        assert looking.poll() is None
        looking.kill()

    assert words == f"removed {dead} and ended 1 processes that it had started there"


@pytest.mark.slow
def test_who_descends_from_whom_was_started_there_is_ended_too(tmp_path: Path) -> None:
    """Without a mark of its own; that its parent stands still, and reaps nobody, hinders nothing."""
    dead = _of_a_dead(tmp_path)
    script = "env -i sleep 60 & echo $!; kill -STOP $$; wait"
    with subprocess.Popen(
        ["sh", "-c", script],
        env={**os.environ, scratch.MARK: str(dead)},
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as started:
        assert started.stdout is not None
        child = int(started.stdout.readline())
        words = scratch.remove(dead)
        assert started.wait() == -signal.SIGKILL

    assert words == f"removed {dead} and ended 2 processes that it had started there"
    assert not Path(f"/proc/{child}/exe").exists()


@needs_root
@pytest.mark.slow
def test_what_is_mounted_there_is_unmounted_and_not_removed(tmp_path: Path) -> None:
    """It may be a folder of the machine's own; the cache may be a link, and have any name."""
    (tmp_path / "disque de José").mkdir()
    (tmp_path / "cache").symlink_to("disque de José")
    dead = _of_a_dead(tmp_path / "cache")
    own = tmp_path / "own"
    own.mkdir()
    (own / "kept").write_text("")
    (dead / "shown").mkdir()
    subprocess.run(["mount", "--bind", str(own), str(dead / "shown")], check=True)
    scratch.remove(dead)

    assert not dead.exists()
    assert (own / "kept").exists()
