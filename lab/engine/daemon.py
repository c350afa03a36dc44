"""A private Docker engine: its own data root, socket, pid file and cgroup parent, beside whatever else runs.

It outlives the command that started it, and it may be killed at any time. So everything that it leaves is found by
its own folders: the pid files in them, the processes that name them, the mounts below them, the cgroup made from them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab.errors import EngineUnavailableError, EnvironmentRefusedError

FOLDER: Final = "GOLAB_ENGINE_DIR"
"""The environment variable that names another folder for the engine."""
INSTALL: Final = "apt-get install docker.io"

_DEFAULT_FOLDER: Final = "/var/lib/golab/engine"
_LONGEST_SOCKET: Final = 107
"""Bytes of a Unix socket's path (sun_path is 108, with its end)."""
_SECONDS_UP: Final = 20.0
_SECONDS_DOWN: Final = 15.0
_SECONDS_ASKED: Final = 5.0
_POLL: Final = 0.05
_SHOWN_LINES: Final = 8
_SYSTEM_PATH: Final = "/usr/sbin:/sbin:/usr/local/sbin"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the engine's things are: all below one folder."""

    folder: Path

    @property
    def data(self) -> Path:
        """Images, containers, volumes."""
        return self.folder / "data"

    @property
    def exec(self) -> Path:
        """What lives as long as its processes."""
        return self.folder / "exec"

    @property
    def pid(self) -> Path:
        """Dockerd's pid file."""
        return self.folder / "dockerd.pid"

    @property
    def containerd_pid(self) -> Path:
        """The pid file of the containerd that dockerd starts."""
        return self.exec / "containerd" / "containerd.pid"

    @property
    def socket(self) -> Path:
        """Where it answers."""
        return self.folder / "docker.sock"

    @property
    def log(self) -> Path:
        """What dockerd says."""
        return self.folder / "dockerd.log"

    @property
    def cgroup(self) -> str:
        """The name of the cgroup that all its containers are in."""
        return f"golab-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}"

    @property
    def url(self) -> str:
        """As DOCKER_HOST has it."""
        return f"unix://{self.socket}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """An engine that answers."""

    pid: int
    socket: str
    data_root: str
    version: str
    storage_driver: str


def places(environ: Mapping[str, str]) -> Places:
    """Where *environ* wants the engine, else below /var/lib/golab."""
    return Places(Path(environ.get(FOLDER) or _DEFAULT_FOLDER).absolute())


def command(at: Places, program: str) -> list[str]:
    """The command line of dockerd: no bridge and no firewall rule, because no container of the lab has a network."""
    return [
        program,
        "--bridge=none",
        "--iptables=false",
        "--ip-masq=false",
        "--ip-forward=false",
        "--group=root",
        f"--data-root={at.data}",
        f"--exec-root={at.exec}",
        f"--pidfile={at.pid}",
        f"--host={at.url}",
        f"--cgroup-parent=/{at.cgroup}",
    ]


def status(at: Places) -> Status | None:
    """The engine, if it runs and answers."""
    pid = _daemon(at)
    if pid is None:
        return None
    try:
        version, info = _asked(at, "/version"), _asked(at, "/info")
        return Status(
            pid=pid,
            socket=str(at.socket),
            data_root=str(at.data),
            version=str(version["Version"]),
            storage_driver=str(info["Driver"]),
        )
    except (OSError, ValueError, KeyError):
        return None


def up(at: Places, say: Callable[[str], None]) -> Status:
    """Start the engine, or find that it runs. EngineUnavailableError or EnvironmentRefusedError says why not."""
    program = _program()
    if os.geteuid() != 0:
        raise EnvironmentRefusedError(
            "only root may start an engine", hint="sudo golab engine up, or run --engine host"
        )
    longest = at.exec / "containerd" / "containerd.sock.ttrpc"
    if len(os.fsencode(longest)) > _LONGEST_SOCKET:
        raise EnvironmentRefusedError(
            f"{longest} is longer than the {_LONGEST_SOCKET} bytes that a socket's path may have",
            hint=f"name a shorter folder: {FOLDER}=/run/golab",
        )
    with _locked(at):
        if (found := status(at)) is not None:
            return found
        _clear_stale(at)
        say(f"starting {program} below {at.folder}")
        with at.log.open("ab") as log:
            started = at.log.stat().st_size
            process = subprocess.Popen(  # noqa: S603 - our own words
                command(at, program),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return _answered(at, process, started)


def down(at: Places, say: Callable[[str], None]) -> list[str]:
    """Stop the engine and remove all that it left; says what was removed, in words."""
    if not at.folder.exists():
        return []
    if os.geteuid() != 0:
        raise EnvironmentRefusedError("only root may stop an engine", hint="sudo golab engine down")
    done = []
    with _locked(at):
        if (pid := _daemon(at)) is not None:
            say(f"stopping dockerd, pid {pid}")
            _end([pid])
            done.append(f"dockerd, pid {pid}")
        if survivors := _processes_of(at):
            _end(survivors)
            done.append(f"{len(survivors)} processes that it had left")
        done += [f"mount {mounted}" for mounted in _unmount(at)]
        if cgroups := _remove_cgroups(at):
            done.append(f"cgroup {at.cgroup} with what was in it ({len(cgroups)} folders)")
        shutil.rmtree(at.folder)
        done.append(str(at.folder))
    return done


def mounts_below(mounts: str, folder: Path) -> list[str]:
    """The mount points at and below *folder* in the words of /proc/self/mounts, the innermost first."""
    points = (line.split(" ")[1] for line in mounts.splitlines() if " " in line)
    plain = (point.encode().decode("unicode_escape").encode("latin-1").decode() for point in points)
    return sorted((point for point in plain if Path(point).is_relative_to(folder)), reverse=True)


def last_lines(log: str) -> str:
    """What a daemon said last, for an error's words."""
    return "\n  ".join(log.strip().splitlines()[-_SHOWN_LINES:])


def _program() -> str:
    found = shutil.which("dockerd", path=f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM_PATH}")
    if found is None:
        raise EngineUnavailableError("dockerd is not installed", hint=f"as root: {INSTALL}")
    return found


@contextlib.contextmanager
def _locked(at: Places) -> Generator[None]:
    """One command at a time; the other waits."""
    lock = Path(f"{at.folder}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = lock.open("w")
    except OSError as error:
        raise EnvironmentRefusedError(
            f"{lock}: {error.strerror}", hint=f"name another folder: {FOLDER}"
        ) from None
    with held:
        fcntl.flock(held, fcntl.LOCK_EX)
        at.folder.mkdir(exist_ok=True)
        yield
        if not at.folder.exists():
            lock.unlink(missing_ok=True)


def _clear_stale(at: Places) -> None:
    """Pid files of the dead: dockerd refuses to start beside one, and takes a zombie for alive."""
    for path in (at.pid, at.containerd_pid):
        pid = _read_pid(path)
        if pid is not None and not _is_live(pid):
            path.unlink(missing_ok=True)
    at.socket.unlink(missing_ok=True)


def _answered(at: Places, process: subprocess.Popen[bytes], started: int) -> Status:
    until = time.monotonic() + _SECONDS_UP
    said = f"dockerd did not answer within {_SECONDS_UP:g} s"
    while time.monotonic() < until:
        if process.poll() is not None:
            said = f"dockerd ended with exit code {process.returncode}"
            break
        if (found := status(at)) is not None:
            return found
        time.sleep(_POLL)
    process.kill()
    _end(_processes_of(at))
    _unmount(at)
    with at.log.open("rb") as log:
        log.seek(started)
        words = last_lines(log.read().decode(errors="replace"))
    raise EngineUnavailableError(f"{said}; it said last:\n  {words}", hint=f"the whole log: {at.log}")


def _asked(at: Places, what: str) -> dict[str, Any]:
    """The engine's answer to one question, without the SDK: this has to be quick, and to work while it comes up."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS_ASKED)
        connection.connect(str(at.socket))
        connection.sendall(f"GET {what} HTTP/1.0\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    found: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


def _daemon(at: Places) -> int | None:
    """The pid of our own dockerd, if it lives: a pid may have become another's."""
    pid = _read_pid(at.pid)
    return pid if pid is not None and _is_live(pid) and f"--pidfile={at.pid}" in _words_of(pid) else None


def _read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _is_live(pid: int) -> bool:
    """Whether it is there, and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def _words_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _processes_of(at: Places) -> list[int]:
    """containerd, its shims and their containers' processes, as far as their command lines or cgroups name us."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            named = any(str(at.exec) in word for word in _words_of(int(entry.name)))
            if named or f"/{at.cgroup}/" in (entry / "cgroup").read_text():
                found.append(int(entry.name))
    return found


def _unmount(at: Places) -> list[str]:
    """Dockerd mounts its data root on itself, and containers' file systems below it."""
    found = mounts_below(Path("/proc/self/mounts").read_text(), at.folder)
    for mounted in found:
        subprocess.run(["umount", "--lazy", mounted], capture_output=True, check=False)  # noqa: S603, S607 - our own words
    return found


def _end(pids: Iterable[int]) -> None:
    """TERM, and KILL for who has not ended in time."""
    left = set(pids)
    for number, seconds in ((signal.SIGTERM, _SECONDS_DOWN), (signal.SIGKILL, _SECONDS_ASKED)):
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        until = time.monotonic() + seconds
        while left and time.monotonic() < until:
            left = {pid for pid in left if _is_live(pid)}
            time.sleep(_POLL)


def _remove_cgroups(at: Places) -> list[str]:
    """The cgroup parent in every hierarchy: of version 1 there are several, of version 2 one."""
    root, removed = Path("/sys/fs/cgroup"), []
    for top in [root / at.cgroup, *root.glob(f"*/{at.cgroup}")]:
        below = (
            sorted((path for path in top.rglob("*") if path.is_dir()), reverse=True) if top.is_dir() else []
        )
        for path in [*below, top]:
            with contextlib.suppress(OSError):
                path.rmdir()
                removed.append(str(path))
    return removed
