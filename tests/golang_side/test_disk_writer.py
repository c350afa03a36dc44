"""The neighbour disk-writer: it writes until it is told to end, and says how often."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lab.engine.host import HostEngine
from lab.golang import toolchain
from lab.golang.build import build
from lab.golang.render import render_program

pytestmark = [pytest.mark.go, pytest.mark.slow]


@pytest.fixture(scope="module")
def writer(lab_root: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, as the newest release builds it."""
    go = toolchain.fetch(toolchain.DEFAULT_RELEASE, cache, print)
    templates = lab_root / "go_templates"
    program = render_program(
        templates / "neighbours", "disk-writer", tools=templates, go_line=go.go_line, values={}
    )
    path = tmp_path_factory.mktemp("neighbour") / "disk-writer"
    path.write_bytes(build(HostEngine(cache=cache), go, program, cache).content)
    path.chmod(0o755)
    return path


def test_it_writes_until_it_is_told_to_end(writer: Path, tmp_path: Path) -> None:
    """What the disk has confirmed is counted, and the file is gone."""
    reading, writing = os.pipe()
    child = subprocess.Popen(
        [writer, "-piece=4096", "-whole=16384"],
        cwd=tmp_path,
        pass_fds=(writing,),
        env={"LAB_FD": str(writing)},
    )
    os.close(writing)
    try:
        time.sleep(0.2)
        assert child.poll() is None
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 0
    finally:
        child.kill()
    with os.fdopen(reading) as lines:
        said = [json.loads(line) for line in lines]

    assert [(line["o"], line["v"] > 0) for line in said if "o" in line] == [("worked", True)]
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_does_not_take_it_is_said(writer: Path, tmp_path: Path) -> None:
    """With the file's name; nothing counts as work."""
    gone = tmp_path / "gone"
    gone.mkdir()
    reading, writing = os.pipe()
    with os.fdopen(reading) as lines:
        done = subprocess.run(
            ["sh", "-c", f"rmdir ../gone && exec {writer}"],
            cwd=gone,
            pass_fds=(writing,),
            env={"LAB_FD": str(writing), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=False,
        )
        os.close(writing)
        assert "worked" not in lines.read()

    assert done.returncode == 1
    assert "disk-writer: open disk-writer: no such file or directory" in done.stderr


def test_a_folder_in_memory_keeps_no_disk_busy(writer: Path) -> None:
    """On tmpfs, which /dev/shm is on Linux, it refuses to be anybody's neighbour."""
    done = subprocess.run(
        [writer],
        cwd="/dev/shm",  # noqa: S108 - nothing is written there
        env={},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )

    assert done.returncode == 1
    assert "its folder is in memory: no disk is kept busy there" in done.stderr
