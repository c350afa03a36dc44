"""What faults are done to: a run of some scenario on some engine, each time in a world that is new."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import docker

from lab.engine import daemon
from lab.host import scratch
from lab.host.journal import Journal
from lab.host.owner import PID, Owner
from tests.faults.fault import Fault
from tests.faults.inside import ROOT, World
from tests.faults.left import Picture, picture

MISBEHAVE: Final = ("--root", str(ROOT / "tests/labs/misbehave"))
RESUME: Final = "resume"
CLEAN: Final = "clean"
"""What comes second: a golab that goes on with a run that was killed, and is itself hit; or one that cleans up, before any goes on."""
_DISK: Final = "16m"
_FAILING: Final = "errors=remount-ro"
_FILLER: Final = "filler"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is run: a command of golab's without its results, on an *engine*; ``docker`` is golab's own below *daemon_at*.

    *warm* is a cache with binaries in it, which each world gets a copy of. *calibrates*: it measures primitives first. *builds*: it has no
    binaries to begin with. *second* is ``resume``, ``clean`` or nothing in particular.
    """

    scenario: str
    engine: str
    command: tuple[str, ...]
    options: tuple[str, ...] = ()
    """What is asked of it besides."""
    root: tuple[str, ...] = ()
    warm: Path | None = None
    calibrates: bool = False
    builds: bool = False
    second: str = ""
    daemon_at: daemon.Places | None = None
    silence: float = 1.0
    """Seconds that an agent goes on without a beat: 10 where it is not told otherwise."""

    @property
    def cgroup(self) -> str:
        """Where the engine's containers are."""
        return self.daemon_at.cgroup if self.daemon_at else ""

    def picture(self, world: World) -> Picture:
        """All that a golab may leave, there and elsewhere."""
        return picture(
            world.home,
            world.url,
            self.cgroup,
            self.daemon_at.data if self.daemon_at else None,
            tuned="--tune-host" in self.options,
        )

    @property
    def stands_still(self) -> float:
        """Seconds of a SIGSTOP: longer than an agent waits, which looks each second."""
        return self.silence + 1.5

    @property
    def faults(self) -> list[Fault]:
        """All that can happen on this engine: the fake one has no processes that could be killed or left alone."""
        lacking = {"fake": {Fault.AGENT, Fault.DOCKERD, Fault.STOP}, "host": {Fault.DOCKERD}}.get(
            self.engine, set()
        )
        return [fault for fault in Fault if fault not in lacking]

    def run(self, world: World) -> list[str]:
        """The arguments of a run."""
        engine = ("--engine", "docker" if self.daemon_at else "host")
        costs = () if self.calibrates else ("--no-calibrate",)
        where = ("--results", str(world.home / "results"))
        return [*self.root, *self.command, *costs, *self.options, *engine, *where]

    def clean(self, world: World) -> list[str]:
        """The arguments of removing what was left."""
        return [*self.root, "clean", "--results", str(world.home / "results")]

    def resume(self, world: World, run: str) -> list[str]:
        """The arguments of going on with one."""
        return [*self.root, "resume", run, "--results", str(world.home / "results")]

    def report(self, world: World, run: str) -> list[str]:
        """The arguments of analysing one that is finished."""
        return [*self.root, "report", run, "--results", str(world.home / "results")]

    @contextlib.contextmanager
    def world(self, fault: Fault | None = None) -> Generator[World]:
        """A new one; its results are on a disk of their own where that is to be hurt."""
        url = self.daemon_at.url if self.daemon_at else ""
        with tempfile.TemporaryDirectory(prefix="faults-") as above, contextlib.ExitStack() as stack:
            world = World(
                home=Path(above),
                engine=self.engine,
                url=url,
                silence=self.silence if fault is Fault.STOP else 10.0,
            ).made()
            kept = world.home / "cache/golab"
            if self.warm is not None:
                shutil.copytree(self.warm, kept, symlinks=True)
            else:
                kept.mkdir()
                own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "golab"
                for name in ("go", "bases", "jobs"):
                    (kept / name).symlink_to(own / name)
            if fault is Fault.FULL:
                stack.enter_context(
                    _mounted(world.home / "results", "-t", "tmpfs", "-o", f"size={_DISK}", "golab-faults")
                )
            if fault is Fault.READ_ONLY:
                device = stack.enter_context(_disk(world.home / "disk"))
                stack.enter_context(_mounted(world.home / "results", "-o", _FAILING, device))
            stack.enter_context(_lived_in(world))
            if (
                fault is Fault.READ_ONLY
            ):  # a file system that has failed forgets what it has not written yet, whosever it is
                subprocess.run(["sync", "--file-system", str(world.home / "results")], check=True)
            yield world

    def harm(self, fault: Fault, world: World, pid: int) -> Callable[[], object]:
        """Do *fault* to the golab of that pid, which stands still; what it gives makes it good again."""
        results = world.home / "results"
        match fault:
            case Fault.FULL:
                return _filled(results / _FILLER)
            case Fault.READ_ONLY:
                return _failed(results)
            case Fault.AGENT:
                for agent in self._agents(world, pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(agent, signal.SIGKILL)
            case Fault.DOCKERD if self.daemon_at is not None:
                found = daemon.status(self.daemon_at)
                assert found is not None
                os.kill(found.pid, signal.SIGKILL)
                at = self.daemon_at
                return lambda: daemon.up(at, lambda _words: None)
            case _:
                raise ValueError(f"{fault} is not done from outside on engine {self.engine}")
        return lambda: None

    def _agents(self, world: World, pid: int) -> Iterator[int]:
        if self.daemon_at is None:
            yield from (each for each in _descendants(pid) if "guarded" in _words(each))
            return
        client = docker.DockerClient(base_url=world.url)
        try:
            for each in client.containers.list(filters={"label": f"{PID}={pid}"}):
                if pid_there := client.api.inspect_container(str(each.id))["State"]["Pid"]:  # 0 is none
                    yield pid_there
        finally:
            client.close()


@contextlib.contextmanager
def _lived_in(world: World) -> Generator[None]:
    """Something of everything that another golab owns, who lives: this process."""
    owner = Owner.of_this_process("living")
    book = Journal(world.home / "journal", owner)
    kept = book.write("mount", "/nowhere")
    with scratch.folder(world.home / "tmp", "run"), scratch.folder(world.home / "results", "record"):
        if not world.url:
            yield
        else:
            client = docker.DockerClient(base_url=world.url)
            volume = client.volumes.create(labels=owner.labels())
            client.close()
            yield
            client = docker.DockerClient(base_url=world.url)
            client.volumes.get(str(volume.name)).remove()
            client.close()
    book.forget(kept)


@contextlib.contextmanager
def _mounted(place: Path, *options: str) -> Generator[None]:
    subprocess.run(["mount", *options, str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@contextlib.contextmanager
def _disk(file: Path) -> Generator[str]:
    """A device with an empty file system on it."""
    with file.open("wb") as disk:
        disk.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", str(file)], check=True)
    found = subprocess.run(
        ["losetup", "--find", "--show", str(file)], check=True, capture_output=True, text=True
    )
    try:
        yield found.stdout.strip()
    finally:
        subprocess.run(["losetup", "--detach", found.stdout.strip()], check=True)


def _filled(file: Path) -> Callable[[], object]:
    """Not a byte of that disk is left."""
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as filler:
        while filler.write(b"\0" * (1 << 16)):
            pass
    with contextlib.suppress(OSError), file.open("ab", buffering=0) as filler:
        while filler.write(b"\0"):
            pass
    return file.unlink


def _failed(place: Path) -> Callable[[], object]:
    """The disk's file system meets an error and makes itself read-only, whoever has files open there."""
    lines = (line.split(" ") for line in Path("/proc/self/mounts").read_text().splitlines())
    (device,) = (source for source, where, *_ in lines if where == str(place))
    Path("/sys/fs/ext4", Path(device).name, "trigger_fs_error").write_text("golab's test")

    def heal() -> None:
        with (
            tempfile.TemporaryDirectory() as saved
        ):  # onto another disk: this one is not to be trusted any more
            subprocess.run(["cp", "--archive", f"{place}/.", saved], check=True)
            subprocess.run(["umount", str(place)], check=True)
            subprocess.run(["mount", "-t", "tmpfs", "golab-faults", str(place)], check=True)
            subprocess.run(["cp", "--archive", f"{saved}/.", str(place)], check=True)

    return heal


def _descendants(pid: int) -> Sequence[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            children.setdefault(int(stat.read_text().rpartition(")")[2].split()[1]), []).append(
                int(stat.parent.name)
            )
    found: list[int] = []
    left = list(children.get(pid, ()))
    while left:
        found.append(left.pop())
        left += children.get(found[-1], ())
    return found


def _words(pid: int) -> list[str]:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return []


@contextlib.contextmanager
def private() -> Generator[daemon.Places]:
    """An engine of its own, which may be killed; a socket's path has to be short."""
    with tempfile.TemporaryDirectory(prefix="golab-") as above:
        place = daemon.Places(Path(above) / "e")
        daemon.up(place, lambda _words: None)
        try:
            yield place
        finally:
            daemon.down(place, lambda _words: None)


@contextlib.contextmanager
def warmed(setting: Setting) -> Generator[Setting]:
    """The same, with a cache that has its binaries: they are the same whichever engine makes them."""
    from tests.faults.injecting import ended  # noqa: PLC0415 - which needs what is here

    options = tuple(
        each for each in setting.options if not each.startswith("--fs")
    )  # which containers alone have
    maker = replace(setting, engine="host", daemon_at=None, options=options, calibrates=False)
    with maker.world() as world, tempfile.TemporaryDirectory(prefix="faults-") as kept:
        done = ended(maker, world, maker.run(world))
        assert done.code in (0, 6), done.said
        shutil.copytree(world.home / "cache/golab", Path(kept) / "golab", symlinks=True)
        yield replace(setting, warm=Path(kept) / "golab")
