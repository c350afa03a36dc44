"""The public vocabulary: what a simulated goroutine may say, and what it gets back.

A goroutine's body is a generator function. It yields operations, which are made by its own handle ``g`` or by
an object that ``g`` made, and receives their results. Everything here is data; what an operation does to the
scheduler, and how long that takes, is decided elsewhere.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

_NO_NEGATIVE: Final = "a duration is never negative"


class _Closed:
    """What a receive gives when the channel is drained and closed."""

    def __repr__(self) -> str:
        return "CLOSED"


CLOSED: Final = _Closed()


def us(count: float) -> int:
    """Microseconds in nanoseconds, rounded."""
    return round(count * 1_000)


def ms(count: float) -> int:
    """Milliseconds in nanoseconds, rounded."""
    return round(count * 1_000_000)


def s(count: float) -> int:
    """Seconds in nanoseconds, rounded."""
    return round(count * 1_000_000_000)


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """Something that a goroutine yields. ``maker`` is the handle that made it, None for an object's operation."""

    maker: G | None


@dataclass(frozen=True, slots=True, eq=False)
class Go(Operation):
    """``go fn(args)``. proc.go: newproc."""

    fn: Callable[..., Body]
    args: tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Work(Operation):
    """Use the CPU for ``ns`` at full speed; preemptible."""

    ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Touch(Operation):
    """First touch of ``pages`` pages of ``page`` bytes; preemptible between two faults, never in one."""

    pages: int
    page: int


@dataclass(frozen=True, slots=True, eq=False)
class Sleep(Operation):
    """``time.Sleep``. time.go: timeSleep."""

    ns: int


@dataclass(frozen=True, slots=True, eq=False)
class Syscall(Operation):
    """A blocking system call of ``ns``, the first ``cpu`` of it on the CPU. proc.go: entersyscall, exitsyscall."""

    ns: int
    cpu: int


@dataclass(frozen=True, slots=True, eq=False)
class Gosched(Operation):
    """``runtime.Gosched``: to the tail of the global queue."""


@dataclass(frozen=True, slots=True, eq=False)
class Block(Operation):
    """``select {}``: parked for ever."""


@dataclass(frozen=True, slots=True, eq=False)
class Send(Operation):
    """``ch <- value``. chan.go: chansend."""

    chan: Chan
    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Recv(Operation):
    """``<-ch``. chan.go: chanrecv."""

    chan: Chan


@dataclass(frozen=True, slots=True, eq=False)
class Close(Operation):
    """``close(ch)``. chan.go: closechan."""

    chan: Chan


@dataclass(frozen=True, slots=True, eq=False)
class StopTicker(Operation):
    """``ticker.Stop()``. time.go: stop."""

    chan: Chan


Body: TypeAlias = Generator[Operation, Any, None]
"""What a goroutine's generator function returns; an annotation of it passes ``mypy --strict``."""


class Chan:
    """A channel of ``capacity`` values. Made by ``g.chan``, ``g.after`` and ``g.ticker``."""

    __slots__ = ("buffer", "capacity", "closed", "receivers", "senders", "timer")

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.buffer: deque[Any] = deque()
        self.receivers: deque[Any] = deque()
        self.senders: deque[Any] = deque()
        self.closed = False
        self.timer: Any = None

    def send(self, value: Any) -> Send:  # noqa: ANN401 - a channel carries anything
        """``ch <- value``; the result is None."""
        return Send(None, self, value)

    def recv(self) -> Recv:
        """``<-ch``; the result is the value, or :data:`CLOSED`."""
        return Recv(None, self)

    def close(self) -> Close:
        """``close(ch)``."""
        return Close(None, self)


class Ticker(Chan):
    """``time.Ticker``'s channel: capacity 1, ticks that nobody takes are dropped. time.go: NewTicker."""

    __slots__ = ()

    def stop(self) -> StopTicker:
        """``ticker.Stop()``."""
        return StopTicker(None, self)


class World(Protocol):
    """What a handle asks of the run that it belongs to; all plain calls."""

    def now(self) -> int:
        """Simulated nanoseconds since the program started, as the running P sees them."""

    def draw(self, name: str, levels: dict[str, int | str]) -> int:
        """One draw from a cost, in nanoseconds."""

    def stream(self, name: str) -> random.Random:
        """The run's own random source of that name."""

    def observe(self, name: str, value: int) -> None:
        """Record a measurement."""

    def channel_timer(self, chan: Chan, ns: int, period: int) -> None:
        """Have *chan* receive in *ns*, and then each *period* if that is not 0."""


class G:
    """A goroutine's own handle: the first argument of its body."""

    __slots__ = ("_world", "gid", "name")

    def __init__(self, world: World, gid: int, name: str) -> None:
        self._world = world
        self.gid = gid
        self.name = name

    def go(self, fn: Callable[..., Body], *args: Any) -> Go:  # noqa: ANN401 - a goroutine takes anything
        """``go fn(args)``; the result is the new goroutine's handle."""
        return Go(self, fn, args)

    def work(self, ns: int) -> Work:
        """Use the CPU for *ns* at full speed. Preemptible; stretched by whatever else needs the CPU."""
        return Work(self, _duration(ns))

    def touch(self, nbytes: int, *, huge: bool = False) -> Touch:
        """First touch of fresh memory that the host has backed before: a page fault for each page, on the P."""
        page = (2 << 20) if huge else (4 << 10)
        return Touch(self, -(-_duration(nbytes) // page), page)

    def sleep(self, ns: int) -> Sleep:
        """``time.Sleep``; 0 returns at once."""
        return Sleep(self, _duration(ns))

    def syscall(self, ns: int, cpu: int = 0) -> Syscall:
        """A blocking system call of *ns*, of which the first *cpu* are spent on the CPU. The P stays until it is retaken."""
        if _duration(cpu) > _duration(ns):
            raise ValueError(f"cpu={cpu} is more than the whole system call, ns={ns}")
        return Syscall(self, ns, cpu)

    def gosched(self) -> Gosched:
        """``runtime.Gosched``."""
        return Gosched(self)

    def block(self) -> Block:
        """``select {}``."""
        return Block(self)

    def chan(self, cap: int = 0) -> Chan:
        """``make(chan T, cap)`` (a plain call)."""
        return Chan(_duration(cap))

    def after(self, ns: int) -> Chan:
        """``time.After``: a channel that receives once, when due (a plain call)."""
        made = Chan(1)
        self._world.channel_timer(made, _duration(ns), 0)
        return made

    def ticker(self, ns: int) -> Ticker:
        """``time.NewTicker(ns).C``: a channel that receives each *ns* (a plain call). A receive gives the firing time."""
        if _duration(ns) == 0:
            raise ValueError("non-positive interval for NewTicker")
        made = Ticker(1)
        self._world.channel_timer(made, ns, ns)
        return made

    def cost(self, name: str, **levels: int | str) -> int:
        """One draw from a cost, in nanoseconds (a plain call); an unknown name lists the known ones."""
        return self._world.draw(name, levels)

    def random(self, name: str) -> random.Random:
        """This run's own random source of that name, the same object each time (a plain call)."""
        return self._world.stream(name)

    def now(self) -> int:
        """Simulated nanoseconds since the program started (a plain call)."""
        return self._world.now()

    def observe(self, name: str, value: int) -> None:
        """Record a measurement under a name, as ``lab.Observe`` does (a plain call)."""
        self._world.observe(name, value)


def _duration(ns: int) -> int:
    if isinstance(ns, bool) or not isinstance(ns, int):
        raise TypeError(f"{ns!r} is not a whole number; us(), ms() and s() round to nanoseconds")
    if ns < 0:
        raise ValueError(f"{ns}: {_NO_NEGATIVE}")
    return ns
