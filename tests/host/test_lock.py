"""Two golabs on one machine never measure at once, whoever started them."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.errors import EnvironmentRefusedError
from lab.host.lock import measuring

_HOLD = """
import sys
from pathlib import Path
from lab.host.lock import measuring
with measuring(print, wait=False, folders=[Path(sys.argv[1])]):
    print("holds", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder where all may write, as /run/lock is."""
    tmp_path.chmod(0o1777)
    return tmp_path


@pytest.fixture
def other(folder: Path, lab_root: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=lab_root,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        yield process
        process.kill()


def test_a_free_lock_is_taken_without_a_word(folder: Path) -> None:
    """And can be taken again afterwards."""
    said: list[str] = []
    for _ in range(2):
        with measuring(said.append, wait=True, folders=[folder]):
            pass
    assert said == []


def test_the_file_is_for_every_user(folder: Path) -> None:
    """Readable and writable by all, whatever the umask; it holds the pid."""
    former = os.umask(0o077)
    try:
        with measuring(print, wait=False, folders=[folder]):
            (lock,) = folder.iterdir()
            assert stat.S_IMODE(lock.stat().st_mode) == 0o666
            assert lock.read_text() == f"{os.getpid()}\n"
    finally:
        os.umask(former)


@pytest.mark.slow
def test_no_wait_is_refused_with_the_pid(folder: Path, other: subprocess.Popen[str]) -> None:
    """Who holds it is named."""
    refused = pytest.raises(EnvironmentRefusedError, match=rf"another golab \(pid {other.pid}\) measures")
    with refused, measuring(print, wait=False, folders=[folder]):
        pass


@pytest.mark.slow
def test_waiting_is_said_once_and_ends_with_the_holder(folder: Path, other: subprocess.Popen[str]) -> None:
    """The lock goes with its process, here by kill -9; what waits then goes on."""
    said: list[str] = []
    polls: list[None] = []

    def stop() -> bool:
        polls.append(None)
        if len(polls) == 2:
            other.kill()
        return len(polls) > 50

    with measuring(said.append, wait=True, stop=stop, folders=[folder]):
        assert said == [f"waiting for another golab (pid {other.pid}) that measures on this machine"]


@pytest.mark.slow
def test_waiting_can_be_interrupted(folder: Path, other: subprocess.Popen[str]) -> None:
    """Ctrl-C while waiting ends the waiting, and the other keeps the lock."""
    with pytest.raises(KeyboardInterrupt), measuring(print, wait=True, stop=lambda: True, folders=[folder]):
        pass
    assert other.poll() is None


def test_an_exception_gives_the_lock_back(folder: Path) -> None:
    """However the block ends."""
    with pytest.raises(ZeroDivisionError), measuring(print, wait=False, folders=[folder]):
        raise ZeroDivisionError
    with measuring(print, wait=False, folders=[folder]):
        pass


def test_the_first_folder_for_all_is_taken(folder: Path) -> None:
    """A folder where only we may write is passed over: another user would come to another file."""
    private = folder / "private"
    private.mkdir(mode=0o755)

    with measuring(print, wait=False, folders=[folder / "absent", private, folder]):
        assert (folder / "golab.lock").exists()
        assert list(private.iterdir()) == []


def test_a_link_is_not_followed(folder: Path) -> None:
    """Where all may write, somebody may have laid a link to a file of ours."""
    (folder / "golab.lock").symlink_to(folder / "precious")

    refused = pytest.raises(EnvironmentRefusedError, match="cannot be opened")
    with refused, measuring(print, wait=False, folders=[folder]):
        pass
    assert not (folder / "precious").exists()


def test_no_folder_at_all_is_refused(tmp_path: Path) -> None:
    """With the folders that were looked at."""
    with (
        pytest.raises(EnvironmentRefusedError, match="absent"),
        measuring(print, wait=False, folders=[tmp_path / "absent"]),
    ):
        pass
