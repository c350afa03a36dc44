"""Do one fault to one golab, let the next ones go on, and say which promise was not kept."""

import contextlib
import importlib
import itertools
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from lab.model.run import Record
from lab.store import RunFolder, Store
from tests.faults.fault import INTERRUPTS, Fault, Injected
from tests.faults.inside import Blow, World, start
from tests.faults.kept import CAPTURES, Kept
from tests.faults.left import Picture
from tests.faults.points import START
from tests.faults.settings import CLEAN, RESUME, Setting
from tests.faults.terminal import terminal

INTERRUPTED: Final = 130
_MOST_SECONDS: Final = 300.0
_BUG: Final = 70
_USAGE: Final = 2
_POLL: Final = 0.005
_WELL: Final = frozenset({0, 6})
"""How a run ends to which nothing happened: 6 where a program of it fails."""
_ENDS: Final[Mapping[Fault, frozenset[int]]] = {
    Fault.KILL: frozenset({-signal.SIGKILL}),
    Fault.POWER: frozenset({-signal.SIGKILL}),
    **dict.fromkeys(INTERRUPTS, frozenset({INTERRUPTED})),
    Fault.FULL: _WELL | {4},
    Fault.READ_ONLY: _WELL | {4},
    Fault.DOCKERD: _WELL | {4},
    Fault.AGENT: _WELL,
    Fault.CLOCK: _WELL,
    Fault.STOP: _WELL,
}
"""How one may end after a fault."""
_ALL_DONE: Final = frozenset({"container", "record", "clean up", "end"})
"""Phases in which nothing may be left to interrupt: then it ends as if nothing had happened."""
_NOT_BEGUN: Final[Mapping[str, frozenset[int]]] = {"calibrate": frozenset({4})}
"""How one may end as well that cannot measure what its predictions need."""
_IMPORTED_FIRST: Final = (
    "lab.cli.compare",
    "lab.pipeline",
    "lab.publish",
    "lab.report.terminal",
    "lab.resuming",
)
"""What a command imports when it runs: each child has it from its parent."""


@dataclass
class Ended:
    """A golab that has ended: its code, its words, and what makes good what was done to it."""

    code: int
    said: str
    heal: Callable[[], object] = field(default=lambda: None)


@dataclass(frozen=True)
class Seen:
    """A golab to which nothing happened: the phase of each of its points, and its records where those of another must be the same.

    One that goes on with a run does so after that was killed at its point ``killed_at``.
    """

    phases: tuple[str, ...]
    records: tuple[Record, ...]
    killed_at: int = 0


@dataclass(frozen=True)
class _Victim:
    """The golab that is to be hit: what it is called with; of the run that it goes on with, if it does, what was safe before.

    Whoever was there before it has passed so many points (``skipped``), and left ``wrong`` what was wrong by then.
    """

    arguments: Sequence[str]
    kept: Kept | None = None
    skipped: int = 0
    wrong: tuple[str, ...] = ()


def observed(setting: Setting) -> Seen:
    """What a run passes through that nothing happens to, or a golab that goes on with one."""
    for name in _IMPORTED_FIRST:
        importlib.import_module(name)
    with setting.world() as world:
        done = ended(setting, world, setting.run(world))
        assert done.code in _WELL, done.said
        (folder,) = Store(world.home / "results").runs()
        records = tuple(folder.records()) if setting.engine == "fake" else ()
        seen = Seen(tuple(phases(world)), records)
    return _resumption(setting, seen) if setting.second == RESUME else seen


def _resumption(setting: Setting, run: Seen) -> Seen:
    """The same of the golab that goes on when the run was killed as it ordered its last replicates: some are in the record, some are left."""
    steps = enumerate(itertools.pairwise(run.phases), start=2)
    *_, last = (number for number, (before, phase) in steps if phase == "replicate" != before)
    seen = replace(run, killed_at=last)
    with setting.world() as world:
        victim = _victim(setting, seen, world)
        done = ended(setting, world, victim.arguments)
        assert done.code in _WELL, done.said
        return replace(seen, phases=tuple(phases(world)[victim.skipped :]))


def phases(world: World) -> list[str]:
    """The phase of each point that the golabs of *world* have passed."""
    return [line.partition("\t")[0] for line in (world.home / "points").read_text().splitlines()]


def through(setting: Setting, seen: Seen, blows: Iterable[Blow]) -> Iterator[Injected]:
    """Each of *blows* to a run of its own; where that ends before the point was reached, to another one at an earlier point."""
    for blow in blows:
        at = blow
        while (found := inject(setting, seen, at)) is None:
            assert at.number > 1, f"{setting.scenario} on {setting.engine} passes no point at all"
            at = replace(at, number=at.number * 3 // 4)
        yield found


def inject(setting: Setting, seen: Seen, blow: Blow) -> Injected | None:
    """One fault at one point of a golab, and what is left of it when the next ones have gone on.

    None where the point was not reached: on a real engine no two runs do exactly the same.
    """
    began = time.monotonic()
    before = count = again = 0
    with setting.world(blow.fault) as world:
        empty = setting.picture(world)
        victim = _victim(setting, seen, world)
        wrong = [*victim.wrong]
        hit = ended(setting, world, victim.arguments, blow)
        passed = phases(world)[victim.skipped :]
        if len(passed) < blow.number:
            return None
        phase = passed[blow.number - 1]
        hit.heal()
        folders = Store(world.home / "results").runs()
        if not folders and (setting.calibrates or setting.builds):
            wrong += _begun_anew(setting, world)
        for folder in folders:
            kept = victim.kept or Kept(world, folder)
            wrong += kept.at_once(is_damaged=victim.kept is not None)
            before = kept.measured
            if setting.second == CLEAN:
                wrong += _cleaned(setting, world, empty, is_over=False)
            wrong += _gone_on_with(setting, world, folder)
            wrong += kept.finally_(seen.records)
            count, again = len(kept.records), kept.again
        wrong += _ill_ended(blow, hit, phase, is_measured=0 < before == count)
        wrong += _cleaned(setting, world, empty)
    return Injected(
        fault=blow.fault,
        engine=setting.engine,
        scenario=setting.scenario,
        phase=phase,
        point=blow.number,
        asked_phase=blow.phase,
        asked_point=blow.point,
        phases=len({*seen.phases}),
        points=len(seen.phases),
        code=hit.code,
        before=before,
        replicates=count,
        again=again,
        patience=world.silence,
        wrong=tuple(wrong),
        seconds=round(time.monotonic() - began, 2),
    )


def _victim(setting: Setting, seen: Seen, world: World) -> _Victim:
    """Who is to be hit: a run; or who goes on with one that was killed, and of whose record a line was changed since."""
    if setting.second != RESUME:
        return _Victim(setting.run(world))
    killed = ended(setting, world, setting.run(world), Blow(fault=Fault.KILL, number=seen.killed_at))
    assert killed.code == -signal.SIGKILL, killed.said
    (folder,) = Store(world.home / "results").runs()
    kept = Kept(world, folder)
    wrong = tuple(kept.at_once())
    kept.damage()
    return _Victim(setting.resume(world, folder.path.name), kept, len(phases(world)), wrong)


def _ill_ended(blow: Blow, hit: Ended, phase: str, *, is_measured: bool) -> Iterator[str]:
    """What is wrong with how a golab ended; *is_measured*: all that was to be measured was when the fault came."""
    ends = _ENDS[blow.fault] | _NOT_BEGUN.get(phase, frozenset())
    if blow.fault in INTERRUPTS and (phase in _ALL_DONE or (phase == "replicate" and is_measured)):
        ends |= _WELL
    if blow.fault is Fault.HANGUP and phase == START:
        ends |= {-signal.SIGHUP}
    if hit.code not in ends:
        yield f"it ended with code {hit.code}: {hit.said[-600:]}"
    if "Traceback" in hit.said or "a bug in golab" in hit.said:
        yield f"it says more than a sentence: {hit.said[-1200:]}"


def _gone_on_with(setting: Setting, world: World, folder: RunFolder) -> Iterator[str]:
    """Have the next golab go on with a run; one that is finished it only reports on."""
    done = ended(setting, world, setting.resume(world, folder.path.name))
    if done.code == _USAGE and "is finished" in done.said:
        done = ended(setting, world, setting.report(world, folder.path.name))
    if done.code not in _WELL or "golab: " in done.said:
        yield f"golab resume ended with code {done.code}: {done.said[-600:]}"


def _begun_anew(setting: Setting, world: World) -> Iterator[str]:
    """Start it again where there is no run to go on with: what was half built, or half calibrated, must not be in its way."""
    done = ended(setting, world, setting.run(world))
    if done.code not in _WELL or "golab: " in done.said:
        yield f"started again it ended with code {done.code}: {done.said[-600:]}"


def _cleaned(setting: Setting, world: World, empty: Picture, *, is_over: bool = True) -> Iterator[str]:
    """Have the next golab clean up: as *empty* as the world was it has to be then, but for what a run needs that is not over."""
    done = ended(setting, world, setting.clean(world))
    if done.code:
        yield f"golab clean ended with code {done.code}: {done.said[-600:]}"
    after = setting.picture(world)
    left = [each for each in after.beyond(empty) if is_over or not each.endswith(CAPTURES)]
    yield from (f"left behind: {each}" for each in left)
    yield from (f"removed, and its owner lives: {each}" for each in after.lacking(empty))


def ended(setting: Setting, world: World, arguments: Sequence[str], blow: Blow | None = None) -> Ended:
    """Start a golab, do to it what it cannot do to itself, and wait for its end."""
    with contextlib.ExitStack() as stack:
        screen = stack.enter_context(terminal()) if blow and blow.fault is Fault.HANGUP else None
        pid = start(world, arguments, blow, screen)
        heal: Callable[[], object] = lambda: None  # noqa: E731 - nothing is to be made good yet
        deadline = time.monotonic() + _MOST_SECONDS
        while True:
            found, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
            if found and os.WIFSTOPPED(status):
                assert blow is not None
                if blow.fault is Fault.STOP:
                    time.sleep(setting.stands_still)
                elif screen is not None:
                    screen.close()
                else:
                    heal = setting.harm(blow.fault, world, pid)
                os.kill(pid, signal.SIGCONT)
            elif found:
                said = world.said() if screen is None else screen.shown()
                return Ended(os.waitstatus_to_exitcode(status), said, heal)
            elif time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return Ended(_BUG, f"it did not end within {_MOST_SECONDS:.0f} s", heal)
            else:
                if screen is not None:
                    screen.read()
                time.sleep(_POLL)
