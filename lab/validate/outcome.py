"""What becomes of a program, as real Go and the simulator both have to say it."""

import runpy
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.sim import Body, Costs, G, Result, s, simulate
from lab.stats.ending import STILL_RUNNING

PROCS: Final = (1, 2, 4)

_ALL_ASLEEP: Final = "fatal error: all goroutines are asleep - deadlock!"
_NO_GOROUTINES: Final = "fatal error: no goroutines (main called runtime.Goexit) - deadlock!"
_LIMIT_NS: Final = s(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """An end: any of *outcomes*, Go's first line about it, and at which of some milliseconds, if that is judged."""

    outcomes: frozenset[str]
    exit_code: int | None
    message: str = ""
    at_ms: tuple[int, ...] = ()


def returns(*at_ms: int) -> End:
    """Main returns."""
    return End(outcomes=frozenset({"exit"}), exit_code=0, at_ms=at_ms)


def deadlock(*at_ms: int) -> End:
    """The runtime finds all goroutines asleep."""
    return End(outcomes=frozenset({"deadlock"}), exit_code=2, message=_ALL_ASLEEP, at_ms=at_ms)


def no_goroutines(*at_ms: int) -> End:
    """Main has called Goexit, and the last of the others has ended."""
    return End(outcomes=frozenset({"deadlock"}), exit_code=2, message=_NO_GOROUTINES, at_ms=at_ms)


def dies(message: str, *at_ms: int) -> End:
    """A panic, or a fatal error of package sync."""
    return End(outcomes=frozenset({"panic"}), exit_code=2, message=message, at_ms=at_ms)


def hangs() -> End:
    """Nothing will ever run again, and the runtime does not notice."""
    return End(outcomes=frozenset({"hang"}), exit_code=None)


def goes_on() -> End:
    """The program has something left to do."""
    return End(outcomes=frozenset({"timeout"}), exit_code=None)


def not_told_for_an_hour() -> End:
    """Nothing will run again; the runtime will notice, long after any limit of ours."""
    return End(outcomes=STILL_RUNNING, exit_code=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A simulated program, the Go program of the same name, and their end at each GOMAXPROCS."""

    name: str
    ends: dict[int, End]
    main: Callable[..., Body]
    inits: tuple[Callable[..., Body], ...] = ()
    masks_deadlock: bool = False
    command: str = "outcomes"

    def simulated(self, procs: int, costs: Costs | None = None) -> Result:
        """What the simulator says, with two CPUs and *costs*, or the packaged ones."""
        return simulate(
            self.main,
            gomaxprocs=procs,
            inits=self.inits,
            masks_deadlock=self.masks_deadlock,
            costs=costs,
            max_time=_LIMIT_NS,
        )


def ends(
    end: End,
    *,
    with_more: End | None = None,
    procs: Sequence[int] = PROCS,
    masks_deadlock: bool = False,
    command: str = "outcomes",
) -> Callable[[Callable[..., Body]], Case]:
    """Make a case of a main function: its *end*, and that *with_more* than one P where it is another."""

    def made(main: Callable[..., Body]) -> Case:
        return Case(
            name=main.__name__,
            ends=_each(procs, end, with_more),
            main=main,
            masks_deadlock=masks_deadlock,
            command=command,
        )

    return made


def ends_in_init(end: End) -> Callable[[Callable[..., Body]], Case]:
    """Make a case of an init function, before a main that does nothing."""

    def made(init: Callable[..., Body]) -> Case:
        return Case(name=init.__name__, ends=_each(PROCS, end, None), main=_nothing, inits=(init,))

    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """A program that may end in several ways: the simulator says how often in each. ``exact`` where that is chance alone, and no race."""

    name: str
    main: Callable[..., Body]
    exact: bool
    procs: tuple[int, ...] = (1, 2)

    def simulated(self, procs: int, *, costs: Costs | None, repetitions: int) -> Mapping[str, int]:
        """How many of the repetitions end in which way."""
        return Counter(
            simulate(self.main, gomaxprocs=procs, costs=costs, repetition=number, max_time=_LIMIT_NS).outcome
            for number in range(repetitions)
        )


def chance(*, exact: bool = False) -> Callable[[Callable[..., Body]], Chance]:
    """Make a chance of a main function."""

    def made(main: Callable[..., Body]) -> Chance:
        return Chance(name=main.__name__, main=main, exact=exact)

    return made


def cases_in(folder: Path) -> Mapping[str, Case]:
    """By name the cases that the files of *folder* make."""
    return {each.name: each for each in _defined(folder) if isinstance(each, Case)}


def chances_in(folder: Path) -> Mapping[str, Chance]:
    """By name the chances that the files of *folder* make."""
    return {each.name: each for each in _defined(folder) if isinstance(each, Chance)}


def _defined(folder: Path) -> Iterator[object]:
    for path in sorted(folder.glob("*.py")):
        yield from runpy.run_path(str(path)).values()


def _each(procs: Sequence[int], end: End, with_more: End | None) -> dict[int, End]:
    return {count: with_more if with_more and count > 1 else end for count in procs}


def _nothing(_g: G) -> Body:
    yield from ()
