"""A golab in a process of its own, with points, and one fault at one of them."""

import contextlib
import datetime as dt
import functools
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import lab.bench.agent
import lab.engines
import lab.host.journal
import lab.pipeline
from lab.cli import app
from lab.engine.choose import Chosen
from tests.faults.disk import Disk
from tests.faults.fault import Fault
from tests.faults.keeping import KeepingEngine, by_number
from tests.faults.points import Points
from tests.faults.terminal import Terminal

ROOT: Final = Path(__file__).parents[2]
_BUG: Final = 70
_JUMP_SECONDS: Final = -400 * 24 * 3600


@dataclass(frozen=True, kw_only=True)
class World:
    """A folder that has everything of a golab's: records, caches, temporary files, lock and journal."""

    home: Path
    engine: str = "fake"
    url: str = ""
    silence: float = 10.0
    """Seconds that an agent goes on without a beat."""

    def made(self) -> "World":
        """The same, with its folders; temporary files stay out of the machine's own."""
        for name in ("results", "cache", "state", "tmp", "lock", "journal"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        (self.home / "lock").chmod(0o1777)
        return self

    def said(self) -> str:
        """What its golab has printed, as far as that was no terminal's."""
        found = (self.home / name for name in ("stderr", "stdout"))
        return "".join(path.read_text(errors="replace") for path in found if path.exists())

    def environment(self) -> dict[str, str]:
        """What its golab is told by variables."""
        return {
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "XDG_STATE_HOME": str(self.home / "state"),
            "TMPDIR": str(self.home / "tmp"),
            **({"DOCKER_HOST": self.url} if self.url else {}),
        }


@dataclass(frozen=True, kw_only=True)
class Blow:
    """A fault at a point: the *number*-th of all. What was wanted is some point of that *phase*, or exactly the *point*, if there is one."""

    fault: Fault
    number: int
    phase: str = ""
    point: int | None = None


def start(
    world: World, arguments: Sequence[str], blow: Blow | None = None, screen: Terminal | None = None
) -> int:
    """Fork a golab that is called with *arguments*; its pid. It leads a session of its own, on a terminal, *screen*, if it is given one.

    A fault that a process cannot do to itself is done by whoever started it: it stands still meanwhile (SIGSTOP).
    """
    pid = os.fork()
    if pid:
        return pid
    code = _BUG
    try:
        os.setsid()
        code = _run(world, arguments, blow, None if screen is None else screen.takes())
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _run(world: World, arguments: Sequence[str], blow: Blow | None, terminal: int | None) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs this in the background ignores it
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_DFL)
    os.environ.update(world.environment())
    tempfile.tempdir = None  # its parent's
    places = (Path(os.devnull), world.home / "stdout", world.home / "stderr")
    for number, place in enumerate(places):
        opened = os.open(place, os.O_RDWR | os.O_CREAT | os.O_TRUNC) if terminal is None else terminal
        os.dup2(opened, number)
    os.chdir(ROOT)
    _settle_in(world)
    disk = Disk(world.home / "results")
    points = Points(world.home / "points", world.home / "durable", disk, lambda _number: None)
    if blow is not None:
        points.struck = lambda number: _strike(blow, points) if number == blow.number else None
    points.watch()
    sys.argv = ["golab", *arguments]
    try:
        app.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _settle_in(world: World) -> None:
    """Lock and journal of the world's own instead of the machine's; a fake engine, if that is wanted."""
    changed: Any = lab.pipeline
    changed.measuring = functools.partial(changed.measuring, folders=[world.home / "lock"])
    changed = lab.host.journal
    changed.FOLDER = world.home / "journal"
    changed = lab.bench.agent
    changed._SILENCE = int(world.silence * 1e9)
    changed._BEAT_SECONDS = min(changed._BEAT_SECONDS, world.silence / 5)
    if world.engine == "fake":
        for changed in (lab.engines, lab.pipeline):
            changed.choose = _chosen


def _chosen(*_: object, **__: object) -> Chosen:
    return Chosen(engine=KeepingEngine(by_number, name="host"), why="a fake engine")


def _strike(blow: Blow, points: Points) -> None:
    match blow.fault:
        case Fault.KILL:
            os.kill(os.getpid(), signal.SIGKILL)
        case Fault.POWER:
            points.disk.lose()
            os.kill(os.getpid(), signal.SIGKILL)
        case Fault.TERM:
            os.kill(os.getpid(), signal.SIGTERM)
        case Fault.CTRL_C:
            os.kill(os.getpid(), signal.SIGINT)
        case Fault.CTRL_C_TWICE:
            points.struck = lambda _number: os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        case Fault.CLOCK:
            _shift_clock()
        case _:
            os.kill(os.getpid(), signal.SIGSTOP)


def _shift_clock() -> None:
    """The wall clock of this process jumps; the monotonic one never does."""
    real, real_ns = time.time, time.time_ns

    class Shifted(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> "Shifted":
            return cls.fromtimestamp(time.time(), tz)

    changed: Any = time
    changed.time = lambda: real() + _JUMP_SECONDS
    changed.time_ns = lambda: real_ns() + _JUMP_SECONDS * 10**9
    module: Any = dt
    module.datetime = Shifted
