"""Do one fault to one golab, let the next ones go on, and say which promise was not kept."""

import contextlib
import os
import pty
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from lab.model.run import Record
from lab.store import RunFolder, Store
from tests.faults.fault import INTERRUPTS, Fault, Injected
from tests.faults.inside import Blow, World, start
from tests.faults.kept import Kept
from tests.faults.settings import Setting

MOST_SECONDS: Final = 300.0
INTERRUPTED: Final = 130
_BUG: Final = 70
USAGE: Final = 2
_POLL: Final = 0.005
_ALLOWED: Final = {
    Fault.KILL: {-signal.SIGKILL},
    Fault.POWER: {-signal.SIGKILL},
    **dict.fromkeys(INTERRUPTS, {0, 6, INTERRUPTED}),
    Fault.FULL: {0, 4, 6},
    Fault.READ_ONLY: {0, 4, 6},
    Fault.AGENT: {0, 6},
    Fault.DOCKERD: {0, 4, 6},
    Fault.CLOCK: {0, 6},
    Fault.STOP: {0, 6},
}
"""How a golab may end after each: 0 also where the fault came when all was done."""


@dataclass
class Ended:
    """A golab that has ended: its code, its words, and what makes good what was done to it."""

    code: int
    said: str
    heal: Callable[[], object] = field(default=lambda: None)


def ended(setting: Setting, world: World, arguments: Sequence[str], blow: Blow | None = None) -> Ended:
    """Start a golab, do to it what it cannot do to itself, and wait for its end."""
    master, slave = pty.openpty() if blow and blow.fault is Fault.HANGUP else (None, None)
    pid = start(world, arguments, blow, slave)
    if slave is not None:
        os.close(slave)
    heal: Callable[[], object] = lambda: None  # noqa: E731
    deadline = time.monotonic() + MOST_SECONDS
    while True:
        found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if found and os.WIFSTOPPED(status):
            assert blow is not None
            match blow.fault:
                case Fault.STOP:
                    time.sleep(setting.stands_still)
                case Fault.HANGUP:
                    assert master is not None
                    os.close(master)
                    master = None
                case fault:
                    heal = setting.harm(fault, world, pid)
            os.kill(pid, signal.SIGCONT)
        elif found:
            break
        elif time.monotonic() > deadline:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return Ended(_BUG, f"it did not end within {MOST_SECONDS:.0f} s", heal)
        else:
            if master is not None:
                _drain(master)
            time.sleep(_POLL)
    if master is not None:
        os.close(master)
    said = "".join(
        (world.home / name).read_text(errors="replace")
        for name in ("stderr", "stdout")
        if (world.home / name).exists()
    )
    return Ended(os.waitstatus_to_exitcode(status), said, heal)


def _drain(master: int) -> None:
    os.set_blocking(master, False)
    with contextlib.suppress(OSError):
        os.read(master, 1 << 16)


def phases(world: World) -> list[str]:
    """The phase of each point that a golab of *world* has passed."""
    return [line.split("\t")[0] for line in (world.home / "points").read_text().splitlines()]


def inject(setting: Setting, blow: Blow, points: Sequence[str], whole: Sequence[Record] = ()) -> Injected:
    """One fault at one point of a run; *points* are the phases of a run's points, *whole* the records of an uninterrupted one."""
    began = time.monotonic()
    wrong: list[str] = []
    with setting.world(blow.fault) as world:
        before = setting.picture(world)
        hit = ended(setting, world, setting.run(world), blow)
        if hit.code not in _ALLOWED[blow.fault]:
            wrong.append(f"it ended with code {hit.code}: {hit.said[-600:]}")
        if "Traceback" in hit.said or "a bug in golab" in hit.said:
            wrong.append(f"it says more than a sentence: {hit.said[-1200:]}")
        hit.heal()
        count = again = 0
        for folder in Store(world.home / "results").runs():
            kept = Kept(world, folder)
            wrong += kept.at_once()
            wrong += _finished(setting, world, folder)
            wrong += kept.finally_(whole)
            count, again = len(kept.records), kept.again
        next_one = ended(setting, world, [*setting.root, "clean", "--results", str(world.home / "results")])
        if next_one.code:
            wrong.append(f"golab clean ended with code {next_one.code}: {next_one.said[-600:]}")
        left = setting.picture(world).beyond(before)
        wrong += [f"left behind: {each}" for each in left]
        phase = points[blow.number - 1]
    return Injected(
        fault=blow.fault,
        engine=setting.engine,
        scenario=setting.scenario,
        phase=phase,
        point=blow.number,
        points=len(points),
        code=hit.code,
        replicates=count,
        again=again,
        wrong=tuple(wrong),
        seconds=round(time.monotonic() - began, 2),
    )


def _finished(setting: Setting, world: World, folder: RunFolder) -> Iterator[str]:
    """Have the next golab go on with a run."""
    done = ended(setting, world, setting.resume(world, folder.path.name))
    if done.code == USAGE and "is finished" in done.said:
        done = ended(setting, world, setting.report(world, folder.path.name))
    if done.code not in (0, 6) or "golab: " in done.said:
        yield f"golab resume ended with code {done.code}: {done.said[-600:]}"
