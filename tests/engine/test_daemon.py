"""A private engine's command line, places and leftovers: what can be decided without starting one."""

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.engine import daemon, users
from lab.engine.choose import choose
from lab.engine.daemon import Places
from lab.errors import EngineUnavailableError, EnvironmentRefusedError


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder whose name leaves room for those of sockets: pytest's own grows with its workers' names."""
    with tempfile.TemporaryDirectory(prefix="golab-") as folder:
        yield Path(folder)


def test_everything_is_below_one_folder() -> None:
    """The environment may name it; nothing of another engine's is used."""
    at = daemon.places({daemon.FOLDER: "/srv/golab"})

    words = daemon.command(at, "dockerd")

    assert [word for word in words if word.startswith(("--data", "--exec", "--pidfile", "--host"))] == [
        "--data-root=/srv/golab/data",
        "--exec-root=/srv/golab/exec",
        "--pidfile=/srv/golab/dockerd.pid",
        "--host=unix:///srv/golab/docker.sock",
    ]
    assert {"--bridge=none", "--iptables=false", "--ip-masq=false", "--ip-forward=false"} <= set(words)
    assert daemon.places({}).folder == Path("/var/lib/golab/engine")


def test_two_engines_have_two_cgroups() -> None:
    """Their names come from their folders."""
    assert Places(Path("/a")).cgroup != Places(Path("/b")).cgroup
    assert Places(Path("/a")).cgroup == Places(Path("/a")).cgroup


def test_a_missing_daemon_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what to type."""
    monkeypatch.setattr("shutil.which", lambda *_args, **_keywords: None)

    with pytest.raises(EngineUnavailableError, match="dockerd is not installed") as caught:
        daemon.up(Places(tmp_path / "e"), print)

    assert caught.value.hint == "as root: apt-get install docker.io"


def test_a_plain_user_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried that cannot succeed."""
    monkeypatch.setattr("shutil.which", lambda *_args, **_keywords: "/usr/sbin/dockerd")
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(EnvironmentRefusedError, match="only root may start an engine"):
        daemon.up(Places(tmp_path / "e"), print)
    assert not list(tmp_path.iterdir())


def test_a_socket_path_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is made."""
    monkeypatch.setattr("shutil.which", lambda *_args, **_keywords: "/usr/sbin/dockerd")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    folder = tmp_path / ("x" * 120)

    with pytest.raises(EnvironmentRefusedError, match="longer than the 107 bytes") as caught:
        daemon.up(Places(folder), print)

    assert daemon.FOLDER in str(caught.value.hint)
    assert not list(tmp_path.iterdir())


def test_a_daemon_that_ends_is_quoted(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own last lines, and where the others are."""
    fake = short_path / "bin/dockerd"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\nfor n in 1 2 3 4 5 6 7 8 9 10; do echo line $n; done\nexit 3\n")
    fake.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda *_args, **_keywords: str(fake))
    monkeypatch.setattr("os.geteuid", lambda: 0)

    with pytest.raises(EngineUnavailableError) as caught:
        daemon.up(Places(short_path / "e"), print)

    assert "ended with exit code 3; it said last:\n  line 3\n" in str(caught.value)
    assert "line 10" in str(caught.value)


def test_nothing_is_no_engine(tmp_path: Path) -> None:
    """Neither up nor anything to take down; another's pid in the file is not ours."""
    at = Places(tmp_path / "e")

    assert daemon.status(at) is None
    assert daemon.down(at, print) == []
    assert daemon.clear(at) == []
    at.folder.mkdir()
    at.pid.write_text("1")
    assert daemon.status(at) is None
    assert daemon.clear(at) == []
    assert not Path(f"{at.folder}.lock").exists()


def test_a_folder_of_someone_else_stays(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the environment variable names: golab removes and fills only what it made, or what is empty."""
    monkeypatch.setattr("shutil.which", lambda *_args, **_keywords: "/usr/sbin/dockerd")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    (short_path / "home").mkdir()
    (short_path / "home/thesis").write_text("years")

    for command in (daemon.up, daemon.down):
        with pytest.raises(EnvironmentRefusedError, match="no engine of golab's has made"):
            command(Places(short_path / "home"), print)

    assert [path.name for path in short_path.rglob("*")] == ["home", "thesis"]


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        (["dockerd", "--bridge=none", "--pidfile=/e/dockerd.pid"], True),
        (["/usr/bin/containerd", "--config", "/e/exec/containerd/containerd.toml"], True),
        (["/usr/bin/containerd-shim-runc-v2", "-address", "/e/exec/containerd/containerd.sock"], True),
        (["dockerd", "--pidfile=/other/dockerd.pid"], False),
        (["containerd", "--config", "/e/exec-old/containerd/containerd.toml"], False),
        (["less", "/e/exec/containerd/containerd.toml"], False),
        (["bash", "-c", "ls /e/exec/"], False),
        ([], False),
    ],
)
def test_only_the_engines_own_programs_are_ended(words: list[str], *, ours: bool) -> None:
    """An editor on one of its files, or a neighbour whose name begins alike, is none."""
    assert daemon.is_ours(words, Places(Path("/e"))) is ours


def test_a_clients_settings_are_not_the_daemons() -> None:
    """DOCKER_DRIVER would choose its storage; the system's programs are found where a plain user's PATH does not lead."""
    given = daemon.environment({"PATH": "/usr/bin", "DOCKER_DRIVER": "vfs", "LANG": "C"})

    assert given == {"PATH": "/usr/bin:/usr/sbin:/sbin:/usr/local/sbin", "LANG": "C"}


def test_a_link_is_followed(tmp_path: Path) -> None:
    """The kernel lists mounts by their real paths."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    assert daemon.places({daemon.FOLDER: f"{tmp_path}/link/x/../e"}).folder == tmp_path / "real/e"


def test_an_end_that_is_interrupted_can_be_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the images are removed: what is left is still known for golab's own, and goes the next time."""
    at = Places(tmp_path / "e")
    at.data.mkdir(parents=True)
    at.mark.touch()
    monkeypatch.setattr("os.geteuid", lambda: 0)

    def interrupted(_path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            daemon.down(at, print)

    assert at.mark.exists()
    assert str(at.folder) in daemon.down(at, print)
    assert not at.folder.exists()


def test_an_engine_that_a_golab_uses_is_not_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many do, by whatever name; when the last one lets go it is. Another engine's users are none of its."""
    at, other = Places(tmp_path / "e"), Places(tmp_path / "f")
    for each in (at, other):
        each.data.mkdir(parents=True)
        each.mark.touch()
    (tmp_path / "link").symlink_to("e")
    monkeypatch.setattr("os.geteuid", lambda: 0)

    with users.using(other.url), users.using(at.url):
        with (
            users.using(f"unix://{tmp_path}/link/docker.sock"),
            pytest.raises(
                EnvironmentRefusedError, match="another golab uses golab's own engine at"
            ) as refused,
        ):
            daemon.down(at, print)
        with pytest.raises(EnvironmentRefusedError):
            daemon.down(at, print)
        kept = at.data.exists()
    with users.using(other.url), users.using("unix:///nowhere"), users.using("tcp://127.0.0.1:1"):
        removed = daemon.down(at, print)

    assert "wait for it, or stop it first" in str(refused.value.hint)
    assert (kept, removed, at.folder.exists()) == (True, [str(at.folder)], False)


def test_the_lock_is_that_of_the_engine_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stood still between finding the mark and locking it, while that engine was ended and another one begun, holds the new one's."""
    at = Places(tmp_path / "e")
    at.folder.mkdir()
    at.mark.touch()
    locked = users._taken
    replaced: list[bool] = []

    def taken(descriptor: int, how: int) -> bool:
        if not replaced:
            replaced.append(True)
            at.mark.unlink()
            at.mark.touch()
        return locked(descriptor, how)

    monkeypatch.setattr(users, "_taken", taken)
    with users.using(at.url), pytest.raises(EnvironmentRefusedError), users.unused(at):
        pass
    with users.unused(at):
        pass


def test_an_engine_that_gives_no_answer_is_ended_only_where_nobody_uses_it(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be slow because it is used: `golab engine up` is no way to end another's containers."""
    at = Places(short_path / "e")
    at.folder.mkdir()
    at.mark.touch()
    monkeypatch.setattr("shutil.which", lambda *_args, **_keywords: "/bin/true")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    said: list[str] = []
    command = [sys.executable, "-c", "import time; time.sleep(60)", f"--pidfile={at.pid}"]
    with subprocess.Popen(command) as deaf:
        at.pid.write_text(str(deaf.pid))
        with users.using(at.url), pytest.raises(EnvironmentRefusedError, match="another golab uses"):
            daemon.up(at, said.append)
        lived = deaf.poll() is None
        with pytest.raises(EngineUnavailableError, match="dockerd ended with exit code 0"):
            daemon.up(at, said.append)

    assert said[0] == f"dockerd, pid {deaf.pid}, gives no answer and is to be ended"
    assert (lived, deaf.returncode) == (True, -signal.SIGKILL)


def test_an_engine_that_is_being_ended_is_not_used(tmp_path: Path) -> None:
    """Whoever comes then is told, and takes another where it may."""
    at = Places(tmp_path)
    at.mark.touch()

    with (
        users.unused(at),
        choose("auto", tmp_path / "cache", environ={"DOCKER_HOST": at.url}) as chosen,
    ):
        assert f"golab's own engine at {at.url} is being ended" in chosen.why
