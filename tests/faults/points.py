"""The moments at which a golab may be hit: each time it is about to change something outside itself.

Theory of operation
-------------------
Python tells an audit hook of whatever a process is about to do to the world: files made, renamed and removed, processes started,
sockets connected, requests sent. Each is a *point*; so is each fsync, before it and after it, and each order to an agent. The n-th of one
run is the n-th of the next, as far as both do the same, so a fault has a number. Where golab is by then, its *phase*, is the name
of the function of the pipeline that was entered last. Nothing in ``lab/`` knows of all this.

Only the main thread has points: the others send a beat each second, or read.
"""

import functools
import importlib
import multiprocessing.util
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.faults.disk import Disk

PHASES: Final[dict[str, tuple[str, str]]] = {
    "engine": ("lab.pipeline", "opened"),
    "lock": ("lab.pipeline", "measuring"),
    "host": ("lab.pipeline", "tuned"),
    "prepare": ("lab.pipeline", "prepare"),
    "build": ("lab.golang.build", "build"),
    "calibrate": ("lab.calibrate", "measure"),
    "predict": ("lab.experiment", "foretell"),
    "plan": ("lab.store", "Store.create"),
    "open again": ("lab.resuming", "open_again"),
    "container": ("lab.bench.berth", "Berth._opened"),
    "probe": ("lab.measurement", "_probed"),
    "replicate": ("lab.bench.execute", "_carried_out"),
    "record": ("lab.store", "RunFolder.append"),
    "clean up": ("lab.bench.berth", "Berth.close"),
    "end": ("lab.store", "RunFolder.end"),
    "analysis": ("lab.reported", "concluded"),
    "report": ("lab.store", "RunFolder.keep_report"),
}
"""Each phase of a run and the function that begins it, in the order in which they come first."""
START: Final = "start"
"""The phase before all of them."""

_EVENTS: Final = frozenset(
    {
        "fcntl.flock",
        "http.client.send",
        "open",
        "os.chmod",
        "os.chown",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.truncate",
        "shutil.rmtree",
        "socket.connect",
        "subprocess.Popen",
    }
)
_WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass
class Points:
    """The points of this process: each is told to *struck* by its number, and written to *log* with its phase and name; *disk* hears of what lasts."""

    log: Path
    durable: Path
    disk: Disk
    struck: Callable[[int], object]
    phase: str = START
    count: int = 0
    is_inside: bool = field(default=False, repr=False)

    def watch(self) -> None:
        """From now on, for as long as the process lives."""
        self._main = threading.get_ident()
        self._log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
        self._durable = os.open(self.durable, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
        for name, (module, path) in PHASES.items():
            self._begin_at(name, module, path)
        self._fsync = os.fsync
        syncing: Any = self._synced
        os.fsync = syncing
        self._around_sends()
        self._before(multiprocessing.util, "spawnv_passfds", "spawn")
        sys.addaudithook(self._heard)

    def point(self, name: str) -> None:
        """Something is about to happen; whatever the fault itself does meanwhile is none of golab's."""
        if self.is_inside or threading.get_ident() != self._main:
            return
        self.is_inside = True
        try:
            self.count += 1
            os.write(self._log, f"{self.phase}\t{name}\n".encode())
            self.struck(self.count)
        finally:
            self.is_inside = False

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _EVENTS and not (event == "open" and not arguments[2] & _WRITING):
            self.point(event)
            if not self.is_inside:
                self._note(event, arguments)

    def _note(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Whose name is about to be no more, or another's."""
        if event in ("os.remove", "os.rmdir"):
            self.disk.removed(arguments[0], arguments[1])
        elif event == "os.rename":
            self.disk.replaced(arguments[1], arguments[3])

    def _begin_at(self, name: str, module: str, path: str) -> None:
        *above, last = path.split(".")
        holder = functools.reduce(getattr, above, importlib.import_module(module))
        begun = getattr(holder, last)

        @functools.wraps(begun)
        def entered(*arguments: Any, **named: Any) -> Any:
            self.phase = name
            return begun(*arguments, **named)

        setattr(holder, last, entered)

    def _before(self, holder: Any, name: str, point: str) -> None:
        """What tells no audit hook."""
        done = getattr(holder, name)

        @functools.wraps(done)
        def doing(*arguments: Any, **named: Any) -> Any:
            self.point(point)
            return done(*arguments, **named)

        setattr(holder, name, doing)

    def _synced(self, descriptor: int) -> None:
        self.point("fsync")
        self._fsync(descriptor)
        for path, size in self.disk.synced(descriptor):
            os.write(self._durable, f"{size}\t{path}\n".encode())
        self.point("fsynced")

    def _around_sends(self) -> None:
        from lab.bench.agent import Agent  # noqa: PLC0415 - after the phases were put around it

        run_sheaf = Agent.run_sheaf

        @functools.wraps(run_sheaf)
        def ordered(*arguments: Any, **named: Any) -> Any:
            self.point("order")
            for line in run_sheaf(*arguments, **named):
                self.point("answer")
                yield line

        Agent.run_sheaf = ordered  # type: ignore[method-assign]
