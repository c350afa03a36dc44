"""A private Docker engine: its own data root, socket, pid file and cgroup parent, beside whatever else runs.

It outlives the command that started it, and it may be killed at any time. So everything that it leaves is found by
its own folders: the pid files in them, the processes that name them, the mounts below them, the cgroup made from them.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from lab.engine import remains, users
from lab.engine.premises import FOLDER, Places, places
from lab.errors import EngineUnavailableError, EnvironmentRefusedError
from lab.host import mounts

__all__ = [
    "FOLDER",
    "INSTALL",
    "Places",
    "Status",
    "clear",
    "command",
    "configuration",
    "down",
    "environment",
    "is_barred",
    "is_ours",
    "last_lines",
    "places",
    "program",
    "status",
    "up",
    "why_not",
]

INSTALL: Final = "apt-get install docker.io"

_LONGEST_SOCKET: Final = 107
"""Bytes of a Unix socket's path (sun_path is 108, with its end)."""
_SECONDS_UP: Final = 10.0
_SECONDS_ASKED: Final = 5.0
_POLL: Final = 0.05
_SHOWN_LINES: Final = 8
_SYSTEM_PATH: Final = "/usr/sbin:/sbin:/usr/local/sbin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """An engine that answers."""

    pid: int
    socket: str
    data_root: str
    version: str
    storage_driver: str


def command(at: Places, program: str) -> list[str]:
    """The command line of dockerd: no bridge and no firewall rule, because no container of the lab has a network."""
    return [
        program,
        "--bridge=none",
        "--iptables=false",
        "--ip-masq=false",
        "--ip-forward=false",
        "--group=root",
        f"--config-file={at.config}",
        f"--data-root={at.data}",
        f"--exec-root={at.exec}",
        f"--pidfile={at.pid}",
        f"--host={at.url}",
        f"--cgroup-parent=/{at.cgroup}",
    ]


def configuration(at: Places) -> dict[str, str]:
    """What only a file can tell dockerd: where its key is, which it would make in /etc/docker; later releases pass over it."""
    return {"deprecated-key-path": str(at.key)}


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What dockerd is given: nothing of Docker's own (DOCKER_DRIVER would choose its storage), and the system's PATH, too."""
    kept = {name: value for name, value in environ.items() if not name.startswith("DOCKER_")}
    return kept | {"PATH": _search_path(environ)}


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


def why_not(at: Places) -> str:
    """Why the engine cannot be used although its socket is there; empty if it can, or if there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(str(at.socket))
        except PermissionError:
            return f"golab's own engine at {at.url} is root's: this user may not use it"
        except ConnectionRefusedError:
            return f"golab's own engine at {at.url} was killed: golab engine up starts it again"
        except OSError:  # none, or a path that none can have
            return ""
    silent = f"golab's own engine at {at.url} gives no answer: golab engine up ends it and starts another"
    return "" if status(at) is not None else silent


def is_barred(at: Places) -> bool:
    """Whether the engine is there, but not for this user."""
    try:
        at.socket.stat()
    except PermissionError:
        return True
    except OSError:
        return False
    return not os.access(at.socket, os.R_OK | os.W_OK)


def program(environ: Mapping[str, str]) -> str | None:
    """Where dockerd is; None where it is not installed."""
    return shutil.which("dockerd", path=_search_path(environ))


def up(at: Places, say: Callable[[str], None]) -> Status:
    """Start the engine, or find that it runs. EngineUnavailableError or EnvironmentRefusedError says why not.

    One that lives and gives no answer is ended first, unless a golab uses it.
    """
    installed = _program()
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
    with _locked(at), contextlib.ExitStack() as stack:
        _refuse_foreign(at)
        if (found := status(at)) is not None:
            return found
        if (pid := _daemon(at)) is not None:
            say(f"dockerd, pid {pid}, gives no answer and is to be ended")
            stack.enter_context(users.unused(at))
            remains.end([pid], remains.KILL)
        _clear_stale(at)
        at.mark.touch()
        at.config.write_text(json.dumps(configuration(at)))
        say(f"starting {installed} below {at.folder}")
        with at.log.open("ab") as log:
            started = at.log.stat().st_size
            process = subprocess.Popen(  # noqa: S603 - our own words
                command(at, installed),
                cwd="/",
                env=environment(os.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            return _answered(at, process, started)
        except BaseException:  # an interrupt, too: what does not come up may not stay
            process.kill()
            process.wait()
            _end_survivors(at)
            mounts.unmount(at.folder)
            raise


def down(at: Places, say: Callable[[str], None]) -> list[str]:
    """Stop the engine and remove all that it left; says what was removed, in words. EnvironmentRefusedError where a golab uses it."""
    if not at.folder.exists():
        return []
    if os.geteuid() != 0:
        raise EnvironmentRefusedError("only root may stop an engine", hint="sudo golab engine down")
    done = []
    with _locked(at), users.unused(at):
        _refuse_foreign(at)
        if (pid := _daemon(at)) is not None:
            say(f"stopping dockerd, pid {pid}")
            remains.end([pid], remains.TERM_THEN_KILL)
            done.append(f"dockerd, pid {pid}")
        done += _cleared(at)
        _remove(at)
        done.append(str(at.folder))
    return done


def clear(at: Places, *, dry: bool = False) -> list[str]:
    """End what lives on without its dockerd, unmount what is mounted for it, unless it is *dry*; says what that is, in words.

    Images, containers and volumes are kept for the next start. There is nothing to clear of an engine that lives, nor for who is not root.
    """
    if os.geteuid() != 0 or not at.mark.exists():
        return []
    with _locked(at):
        if _daemon(at) is not None:
            return []
        with contextlib.suppress(OSError, ValueError):
            _asked(at, "/version")  # of one in another pid namespace there is no pid here
            return []
        return _survivors(at) if dry else _cleared(at)


def last_lines(log: str) -> str:
    """What a daemon said last, for an error's words."""
    return "\n  ".join(log.strip().splitlines()[-_SHOWN_LINES:])


def is_ours(words: Sequence[str], at: Places) -> bool:
    """Whether a command line is that of the engine's own dockerd, containerd or shim; to mention its folder is not enough."""
    program = Path(words[0]).name if words else ""
    if program == "dockerd":
        return f"--pidfile={at.pid}" in words
    return program.startswith("containerd") and any(word.startswith(f"{at.exec}/") for word in words[1:])


def _search_path(environ: Mapping[str, str]) -> str:
    return f"{environ.get('PATH', os.defpath)}:{_SYSTEM_PATH}"


def _refuse_foreign(at: Places) -> None:
    """What golab did not make, it neither uses nor removes."""
    if any(at.folder.iterdir()) and not at.mark.exists():
        raise EnvironmentRefusedError(
            f"{at.folder} holds what no engine of golab's has made",
            hint=f"name a folder that is empty or not there yet: {FOLDER}",
        )


def _program() -> str:
    found = program(os.environ)
    if found is None:
        raise EngineUnavailableError("dockerd is not installed", hint=f"as root: {INSTALL}")
    return found


@contextlib.contextmanager
def _locked(at: Places) -> Generator[None]:
    """One command at a time; the other waits."""
    lock = Path(f"{at.folder}.lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = _held(lock)
        at.folder.mkdir(exist_ok=True)
    except OSError as error:
        raise EnvironmentRefusedError(
            f"{error.filename}: {error.strerror}", hint=f"name another folder: {FOLDER}"
        ) from None
    with held:
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                at.folder.rmdir()  # only if nothing was made in it
            if not at.mark.exists():
                lock.unlink(missing_ok=True)


def _held(lock: Path) -> IO[str]:
    """The lock's file, locked; again if who held it before has removed it."""
    while True:
        held = lock.open("w")
        fcntl.flock(held, fcntl.LOCK_EX)
        if users.is_still(lock, held.fileno()):
            return held
        held.close()


def _remove(at: Places) -> None:
    """Remove the folder, the mark last: who is interrupted here must find it the next time, or the rest would be foreign."""
    for path in at.folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path != at.mark:
            path.unlink()
    shutil.rmtree(at.folder)


def _clear_stale(at: Places) -> None:
    """Survivors of a killed dockerd, whom the next would wait for, and pid files that name none of the engine's processes.

    Dockerd refuses to start beside such a file: it takes a zombie for alive, and after a reboot whoever has that pid now for itself.
    """
    if _daemon(at) is None:
        _end_survivors(at)
    for path in (at.pid, at.containerd_pid):
        pid = _read_pid(path)
        if pid is None or not (remains.is_live(pid) and is_ours(remains.words_of(pid), at)):
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
    is_it = pid is not None and remains.is_live(pid) and f"--pidfile={at.pid}" in remains.words_of(pid)
    return pid if is_it else None


def _read_pid(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _survivors(at: Places) -> list[str]:
    """What :func:`_cleared` would find, in words."""
    processes = remains.processes(lambda words: is_ours(words, at), at.cgroup)
    found = [f"{len(processes)} processes that it had left"] if processes else []
    found += [f"mount {point}" for point in mounts.at(at.folder)]
    return [*found, *([f"cgroup {at.cgroup}"] if remains.cgroups(at.cgroup) else [])]


def _cleared(at: Places) -> list[str]:
    """End, unmount and remove what a dockerd has left on the machine. EnvironmentRefusedError where something stays."""
    survivors = _end_survivors(at)
    done = [f"{survivors} processes that it had left"] if survivors else []
    mounted, left = mounts.unmount(at.folder)
    done += [f"mount {point}" for point in mounted]
    if cgroups := remains.remove_cgroups(at.cgroup):
        done.append(f"cgroup {at.cgroup} with what was in it ({len(cgroups)} folders)")
    if left:  # to remove the folder would be to remove what is mounted there
        raise EnvironmentRefusedError(
            f"{', '.join(left)} cannot be unmounted, so {at.folder} stays",
            hint="umount it, then golab engine down again",
        )
    return done


def _end_survivors(at: Places) -> int:
    """Kill what lives on without its dockerd, frozen containers too; how many there were."""
    found = remains.processes(lambda words: is_ours(words, at), at.cgroup)
    sockets = remains.shim_sockets(at.exec)
    remains.thaw(at.cgroup)
    if left := remains.end(found, remains.KILL):
        raise EnvironmentRefusedError(
            f"processes of the engine do not end: {', '.join(map(str, sorted(left)))}",
            hint="they wait for the kernel; try golab engine down again",
        )
    for path in sockets:
        path.unlink(missing_ok=True)
    return len(found)
