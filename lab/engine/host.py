"""The same protocol without containers: what the machine is, unlimited and unguarded, is what is measured."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from lab.engine import images
from lab.engine.attached import Attached, reading
from lab.engine.base import CAPTURES, BaseImage, Container, Exited, Job, Spec, Tree
from lab.engine.places import Places, relative
from lab.errors import EnvironmentRefusedError
from lab.host import scratch
from lab.model.units import rounded_bytes

_GRACE_SECONDS: Final = 2.0
_OUTPUT_LIMIT: Final = 4 << 20
"""Bytes of a job's words that are kept of each stream."""


class HostEngine:
    """The engine ``host``. Jobs keep their caches below *cache*; *scratch* is where temporary folders are made."""

    name = "host"

    def __init__(self, *, cache: Path, scratch: Path | None = None) -> None:
        self._cache = cache / "jobs"
        self._layers = cache / "layers"
        self._scratch = scratch

    def describe(self) -> Mapping[str, Any]:
        """What it is, and what it cannot give; JSON values only."""
        return {
            "engine": self.name,
            "kernel": os.uname().release,
            "isolation": "none",
            "limits": {
                "MemoryLimit": False,
                "SwapLimit": False,
                "PidsLimit": False,
                "CPUSet": False,
                "CPUQuota": False,
            },
            "warnings": [
                "no container: memory and process limits are not enforced, the network is the machine's"
            ],
        }

    def image_of(self, spec: Spec, /) -> str:
        """The digest of *spec*'s files: the id that they would have as an image, so that both engines agree."""
        return images.of_spec(spec, self._layers).id

    def base(self, _wanted: str | Tree, /) -> BaseImage:
        """None: there is no root to put it at."""
        raise EnvironmentRefusedError(
            "the engine host has no base for builds: they use what this machine has",
            hint="leave --base out, or use a container engine: --engine docker",
        )

    def refuse(self, spec: Spec, /) -> None:
        """It limits nothing, so whatever limit somebody wants is refused."""
        _refuse_limits(spec)

    def strangers(self) -> tuple[str, ...]:
        """None: it has no containers, and knows of nobody's."""
        return ()

    def run_job(self, job: Job, /) -> Exited:
        """Run one command to its end in a temporary folder, with no environment but its own."""
        with self._folder("job") as folder:
            work, tmp, cache = folder / "work", folder / "tmp", self._cache / job.cache
            with _writing():
                for path in (work, tmp, cache):
                    path.mkdir(parents=True, exist_ok=True)
                places = Places(
                    tree=str(job.tree.path),
                    work=str(work),
                    cache=str(cache),
                    tmp=str(tmp),
                    shown={name: str(path) for name, path in job.shown.items()},
                )
                files = places.files(job)
                for name in relative(files):
                    _lay(work / name, files[name])
            with (folder / "stdout").open("w+b") as stdout, (folder / "stderr").open("w+b") as stderr:
                child = _spawned(
                    places.argv(job),
                    cwd=work,
                    env=places.environment(job) | {scratch.MARK: str(folder)},
                    streams=(subprocess.DEVNULL, stdout, stderr),
                )
                try:
                    in_time = _ends(child, job.timeout / 1e9)
                finally:
                    _end(child)
                said, complained = _first(stdout), _first(stderr)
            if not in_time:
                return Exited(exit_code=None, stdout=said, stderr=complained)
            made = [name for name in relative(job.outputs) if (work / name).is_file()]
            outputs = {name: (work / name).read_bytes() for name in made}
            return Exited(exit_code=child.returncode, stdout=said, stderr=complained, outputs=outputs)

    @contextlib.contextmanager
    def opened(self, spec: Spec, captures: Path | None = None, /) -> Generator[Container]:
        """An agent started as a child; on exit its input ends, and what is left of its group is killed.

        The end of its input is what ends it, also when this process is killed: a parent-death signal would be
        bound to the thread that started it. The child is the agent's warden: it ends what an agent that was killed has left
        (go_templates/agent/warden.go), which from here cannot be told from what is somebody else's. By the mark in its environment, which
        replicates do not get, the next golab ends an agent that outlives this one because it stands still.
        """
        _refuse_limits(spec)
        with self._folder("run") as folder:
            with _writing():
                (folder / "tmp").mkdir()
                for file in spec.files:
                    _lay(folder / file.path.lstrip("/"), file.content, executable=file.executable)
            argv = [str(folder / spec.agent[0].lstrip("/")), *spec.agent[1:]]
            told = {scratch.MARK: str(folder)} | ({CAPTURES: str(captures.resolve())} if captures else {})
            child = _spawned(argv, cwd=folder, env=told, streams=(subprocess.PIPE,) * 3)
            stdin, stdout, stderr = _pipes(child)
            attached = Attached(
                self.image_of(spec),
                write=stdin.write,
                why_gone=lambda: _why_gone(child, readers[1]),
                where=lambda inside: _place(spec, folder, inside),
            )
            readers = [
                reading(lambda: _feed(stdout, attached.lines.feed), attached.lines.end),
                reading(lambda: _feed(stderr, attached.said.feed), lambda: None),
            ]
            try:
                yield attached
            finally:
                _part_from(child, readers)

    @contextlib.contextmanager
    def _folder(self, use: str) -> Generator[Path]:
        with contextlib.ExitStack() as stack:
            with _writing():
                made = stack.enter_context(scratch.folder(self._scratch or scratch.temporary(), use))
            yield made


@contextlib.contextmanager
def _writing() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentRefusedError(
            f"the engine host cannot write its files: {error}",
            hint="TMPDIR names another place for temporary ones",
        ) from None


def _refuse_limits(spec: Spec) -> None:
    asked = [f"cpuset {spec.cpuset}"] if spec.cpuset else []
    asked += [] if spec.quota is None else [f"quota {spec.quota:g}"]
    asked += [] if spec.folder == "tmpfs" else [f"a folder on {spec.folder}"]
    asked += [f"memory {rounded_bytes(spec.memory_bytes)}"] if spec.memory_is_asked else []
    if asked:
        raise EnvironmentRefusedError(
            f"the engine host cannot limit a program ({', '.join(asked)}): it makes no cgroup and mounts nothing",
            hint="use a container engine: --engine docker",
        )


def _place(spec: Spec, folder: Path, inside: str) -> str:
    """Where a file of *spec* is: of a tree where that is, else in *folder*; what would be at ``/`` is the machine's own."""
    for tree in spec.trees:
        if tree.at != "/" and PurePosixPath(inside).is_relative_to(tree.at):
            return str(tree.path / PurePosixPath(inside).relative_to(tree.at))
    return str(folder / inside.lstrip("/"))


def _lay(path: Path, content: bytes, *, executable: bool = False) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755 if executable else 0o644)


def _spawned(
    argv: list[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    streams: tuple[int, IO[bytes] | int, IO[bytes] | int],
) -> subprocess.Popen[bytes]:
    """Start *argv* on *streams* in a session of its own, where the terminal's Ctrl-C does not reach it."""
    try:
        return subprocess.Popen(  # noqa: S603 - the lab's own command
            argv,
            cwd=cwd,
            env=env,
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            bufsize=0,
            start_new_session=True,
        )
    except PermissionError as error:
        raise EnvironmentRefusedError(
            f"{argv[0]} may not be executed: {error.strerror}",
            hint="is the temporary folder mounted noexec? TMPDIR names another",
        ) from None
    except OSError as error:
        raise EnvironmentRefusedError(f"{argv[0]} cannot be started: {error.strerror}") from None


def _ends(child: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether *child* ends within *seconds*. It stays a zombie, so that its pid names nobody else yet."""
    if child.returncode is not None:
        return True
    deadline = time.monotonic() + seconds
    pause = 0.0005
    while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if (left := deadline - time.monotonic()) <= 0:
            return False
        time.sleep(min(pause, left))
        pause = min(2 * pause, 0.02)
    return True


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of *child*'s group, then reap it: until then the group's number cannot be another's."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _part_from(agent: subprocess.Popen[bytes], readers: Sequence[threading.Thread]) -> None:
    """End the agent's input, give it a moment to end by itself, then tell it to, kill what is left of its group, stop reading."""
    stdin, *outputs = _pipes(agent)
    try:
        with contextlib.suppress(OSError):
            stdin.close()
        if not _ends(agent, _GRACE_SECONDS / 2):
            agent.terminate()
            _ends(agent, _GRACE_SECONDS / 2)
    finally:
        _end(agent)
        for reader, output in zip(readers, outputs, strict=True):
            reader.join(_GRACE_SECONDS)  # somebody outside the group may still hold the other end
            if not reader.is_alive():
                output.close()


def _why_gone(agent: subprocess.Popen[bytes], last_words: threading.Thread) -> str:
    last_words.join(_GRACE_SECONDS)
    if not _ends(agent, _GRACE_SECONDS):
        return "it closed its output and still runs"
    if agent.returncode is not None:
        return f"it ended with exit code {agent.returncode}"
    ended = os.waitid(os.P_PID, agent.pid, os.WEXITED | os.WNOWAIT)
    if ended is None or ended.si_code == os.CLD_EXITED:
        return f"it ended with exit code {ended.si_status if ended else 'unknown'}"
    return f"it ended by signal {ended.si_status}"


def _feed(pipe: IO[bytes], taker: Callable[[bytes], None]) -> None:
    while chunk := os.read(pipe.fileno(), 1 << 16):
        taker(chunk)


def _first(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(_OUTPUT_LIMIT)


def _pipes(child: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    if child.stdin is None or child.stdout is None or child.stderr is None:
        raise ValueError("the child was started without pipes")
    return child.stdin, child.stdout, child.stderr
