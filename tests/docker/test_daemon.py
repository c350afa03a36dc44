"""golab's own engine, beside the one that these tests are given: up, killed, up again, and gone without a trace."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.engine import daemon, images
from lab.engine.base import Tree
from lab.engine.choose import choose
from lab.engine.docker import DockerEngine
from tests.docker.private import golab_engine, left_of

pytestmark = [pytest.mark.docker, pytest.mark.slow]


def test_it_comes_up_is_found_and_leaves_nothing(folder: Path) -> None:
    """A container runs in it; going down removes that, too."""
    code, found = golab_engine(folder, "up")
    assert (code, found["up"], found["data_root"]) == (0, True, f"{folder}/data")
    assert golab_engine(folder, "status") == (0, found)
    assert golab_engine(folder, "up") == (0, found)  # it is the same one

    with choose("docker", folder / "cache", environ={daemon.FOLDER: str(folder)}) as chosen:
        assert "golab's own" in chosen.why
        assert chosen.engine.describe()["data_root"] == f"{folder}/data"

    code, said = golab_engine(folder, "down")
    assert code == 0
    assert str(folder) in said["removed"]
    assert left_of(folder) == []
    assert golab_engine(folder, "status") == (
        4, {"up": False, "socket": f"{folder}/docker.sock", "data_root": f"{folder}/data"}
    )  # fmt: skip


def test_it_makes_nothing_beside_its_folder(folder: Path) -> None:
    """On a machine whose /etc/docker is empty, that is: dockerd would put its key there, and no end would remove it."""
    script = 'mount -t tmpfs none /etc/docker && "$0" -m lab engine up >/dev/null && ls -A /etc/docker'
    environment = dict(os.environ) | {daemon.FOLDER: str(folder)}
    Path("/etc/docker").mkdir(exist_ok=True)  # a mount needs a place

    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, sys.executable],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert golab_engine(folder, "down")[0] == 0
    assert left_of(folder) == []


def test_it_survives_its_own_kill(folder: Path) -> None:
    """A killed daemon leaves pid files, containerd and a mount; the next start and the end cope with all of them."""
    first = golab_engine(folder, "up")[1]
    os.kill(first["pid"], signal.SIGKILL)
    until = time.monotonic() + 5
    while golab_engine(folder, "status")[0] == 0 and time.monotonic() < until:
        time.sleep(0.05)
    assert golab_engine(folder, "status")[0] == 4

    code, second = golab_engine(folder, "up")

    assert (code, second["up"]) == (0, True)
    assert second["pid"] != first["pid"]
    os.kill(second["pid"], signal.SIGKILL)
    assert golab_engine(folder, "down")[0] == 0
    assert left_of(folder) == []


def test_a_pid_that_is_anothers_now_is_no_engine(folder: Path) -> None:
    """After a reboot the pid files are there, and their pids are whoever's: dockerd alone would refuse to start."""
    at = daemon.Places(folder)
    at.containerd_pid.parent.mkdir(parents=True)
    at.mark.touch()
    at.pid.write_text(str(os.getpid()))
    at.containerd_pid.write_text(str(os.getppid()))
    assert golab_engine(folder, "status")[0] == 4

    assert golab_engine(folder, "up")[0] == 0

    assert golab_engine(folder, "down")[0] == 0
    assert left_of(folder) == []


def test_a_pid_file_that_is_torn_is_no_engine(folder: Path) -> None:
    """A machine that lost its power while it was written."""
    at = daemon.Places(folder)
    folder.mkdir()
    at.mark.touch()
    at.pid.write_text("")

    assert golab_engine(folder, "up")[0] == 0


def test_one_that_gives_no_answer_is_replaced(folder: Path) -> None:
    """It lives and is deaf: status and doctor say so and what helps, and that helps; nothing of the first is left."""
    first = golab_engine(folder, "up")[1]
    os.kill(first["pid"], signal.SIGSTOP)
    said = f"{folder}/docker.sock gives no answer: golab engine up ends it"
    assert said in daemon.why_not(daemon.Places(folder))

    code, second = golab_engine(folder, "up")

    assert (code, second["up"], second["pid"] != first["pid"]) == (0, True, True)
    assert not Path(f"/proc/{first['pid']}/exe").exists()
    assert golab_engine(folder, "down")[0] == 0
    assert left_of(folder) == []


def test_it_is_not_ended_while_a_golab_uses_it(folder: Path) -> None:
    """Neither by down nor, where it gives no answer, by up; both say what to do, and nothing of it is touched."""
    first = golab_engine(folder, "up")[1]
    command = [sys.executable, "-m", "lab", "engine"]
    environment = dict(os.environ) | {daemon.FOLDER: str(folder)}
    with choose("docker", folder / "cache", environ={"DOCKER_HOST": f"unix://{folder}/docker.sock"}):
        os.kill(first["pid"], signal.SIGSTOP)
        try:
            refused = [
                subprocess.run(
                    [*command, word],
                    cwd=Path(__file__).parents[2],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                for word in ("down", "up")
            ]
        finally:
            os.kill(first["pid"], signal.SIGCONT)
        assert golab_engine(folder, "status") == (0, first)

    assert [(done.returncode, done.stdout) for done in refused] == [(4, "")] * 2
    assert all("wait for it, or stop it first" in done.stderr for done in refused)
    assert golab_engine(folder, "down")[0] == 0
    assert left_of(folder) == []


def test_two_at_a_time_start_one(folder: Path) -> None:
    """The second waits for the first, and finds its engine."""
    command = [sys.executable, "-m", "lab", "engine", "up", "--json"]
    environment = dict(os.environ) | {daemon.FOLDER: str(folder)}
    started = [
        subprocess.Popen(
            command, cwd=Path(__file__).parents[2], env=environment, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]

    pids = {json.loads(process.communicate(timeout=60)[0])["pid"] for process in started}

    assert len(pids) == 1


def test_survivors_that_are_deaf_or_frozen_do_not_outlive_the_end(folder: Path, probe_tree: Tree) -> None:
    """TERM does not end a first process, and SIGKILL does not reach a frozen one: neither is waited for or left."""
    first = golab_engine(folder, "up")[1]
    with choose("docker", folder / "cache", environ={daemon.FOLDER: str(folder)}) as chosen:
        engine = chosen.engine
        assert isinstance(engine, DockerEngine)
        client = engine._client
        image = engine._ensured(images.of_trees([probe_tree], folder / "cache"))
        made = client.containers.create(image, ["/opt/probe/probe", "deaf"], network_mode="none")
        made.start()
        made.pause()
        os.kill(first["pid"], signal.SIGKILL)
    began = time.monotonic()

    assert golab_engine(folder, "down")[0] == 0

    assert time.monotonic() - began < 5
    assert left_of(folder) == []


def _clean(folder: Path, *words: str) -> str:
    """What ``golab clean`` says where golab's own engine is in that folder."""
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    places = {"XDG_CACHE_HOME": str(folder.parent / "cache"), "TMPDIR": str(folder.parent)}
    done = subprocess.run(
        [sys.executable, "-m", "lab", "clean", *words],
        cwd=Path(__file__).parents[2],
        env=environment | places | {daemon.FOLDER: str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_clean_ends_what_a_killed_engine_has_left_and_keeps_what_it_has(
    folder: Path, probe_tree: Tree
) -> None:
    """Containers live on without their dockerd. What lives is left alone; what is kept is there when it is up again."""
    first = golab_engine(folder, "up")[1]
    with choose("docker", folder / "cache", environ={daemon.FOLDER: str(folder)}) as chosen:
        engine = chosen.engine
        assert isinstance(engine, DockerEngine)
        image = engine._ensured(images.of_trees([probe_tree], folder / "cache"))
        made = engine._client.containers.create(image, ["/opt/probe/probe", "deaf"], network_mode="none")
        made.start()
    assert "lives no more" not in _clean(folder)
    os.kill(first["pid"], signal.SIGKILL)
    until = time.monotonic() + 5
    while golab_engine(folder, "status")[0] == 0 and time.monotonic() < until:
        time.sleep(0.05)

    foretold = _clean(folder, "--dry-run")
    alive = left_of(folder)
    said = _clean(folder)

    assert f"golab's own engine in {folder} lives no more; to be ended of what it left: " in foretold
    assert len(alive) > 1
    assert f"golab's own engine in {folder} lives no more; ended of what it left: " in said
    assert left_of(folder) == [str(folder)]
    assert "lives no more" not in _clean(folder)
    assert golab_engine(folder, "up")[0] == 0
    with choose("docker", folder / "cache", environ={daemon.FOLDER: str(folder)}) as chosen:
        engine = chosen.engine
        assert isinstance(engine, DockerEngine)
        engine._client.images.get(image)  # is there
    assert golab_engine(folder, "down")[0] == 0
    assert left_of(folder) == []


def test_an_interrupted_start_leaves_no_daemon(folder: Path) -> None:
    """Ctrl-C while dockerd comes up: exit code 130, and nothing goes on in the background."""
    fake = folder.parent / "bin/dockerd"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho $$ >$0.pid\nexec sleep 60\n")
    fake.chmod(0o755)
    environment = dict(os.environ) | {
        daemon.FOLDER: str(folder),
        "PATH": f"{fake.parent}:{os.environ['PATH']}",
    }
    command = [sys.executable, "-m", "lab", "engine", "up"]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], env=environment, stderr=subprocess.DEVNULL
    ) as process:
        said = Path(f"{fake}.pid")
        while not (said.exists() and said.read_text().strip()):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130

    assert not Path(f"/proc/{said.read_text().strip()}").exists()
