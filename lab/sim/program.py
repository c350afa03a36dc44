"""The public vocabulary: what a simulated goroutine may say, and what it gets back.

A goroutine's body is a generator function. It yields operations, which are made by its own handle ``g`` or by
an object that ``g`` made, and receives their results. Everything here is data; what an operation does to the
scheduler, and how long that takes, is decided elsewhere.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, Protocol

from lab.sim.operation import (
    AfterFunc,
    Alloc,
    Block,
    Body,
    Close,
    Go,
    Goexit,
    Gosched,
    LockOSThread,
    Netwait,
    Open,
    Panic,
    Recv,
    ResetTimer,
    Select,
    Send,
    Sleep,
    Spin,
    StopTimer,
    Syscall,
    Touch,
    UnlockOSThread,
    Work,
)
from lab.sim.result import GoPanicError
from lab.sim.sync import Cond, Mutex, Once, RWMutex, WaitGroup


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


class Chan:
    """A channel of ``capacity`` values. Made by ``g.chan``, ``g.after``, ``g.timer`` and ``g.ticker``."""

    __slots__ = (
        "_world",
        "buffer",
        "capacity",
        "closed",
        "is_nil",
        "is_special",
        "receivers",
        "senders",
        "timer",
    )

    def __init__(self, world: World, capacity: int, *, is_nil: bool = False) -> None:
        self._world = world
        self.is_nil = self.is_special = is_nil
        self.capacity = capacity
        self.buffer: deque[Any] = deque()
        self.receivers: deque[Any] = deque()
        self.senders: deque[Any] = deque()
        self.closed = False
        self.timer: Any = None

    def send(self, value: Any) -> Send:  # noqa: ANN401 - a channel carries anything
        """``ch <- value``; the result is None."""
        made = Send()
        made.maker = world = self._world
        world.made += 1
        made.chan = self
        made.value = value
        return made

    def recv(self) -> Recv:
        """``<-ch``; the result is the value, or :data:`CLOSED`."""
        made = Recv()
        made.maker = world = self._world
        world.made += 1
        made.chan = self
        return made

    def close(self) -> Close:
        """``close(ch)``."""
        return Close(self._world, self)


class Ticker(Chan):
    """``time.Ticker``'s channel: capacity 1, ticks that nobody takes are dropped. time.go: NewTicker."""

    __slots__ = ()

    def stop(self) -> StopTimer:
        """``ticker.Stop()``."""
        return StopTimer(self._world, self.timer)

    def reset(self, ns: int) -> ResetTimer:
        """``ticker.Reset(ns)``."""
        return ResetTimer(self._world, self.timer, _positive(ns, "Ticker.Reset"), ns)


class GoTimer:
    """``time.Timer``: its channel is ``c``, a nil one for ``time.AfterFunc``."""

    __slots__ = ("_timer", "_world", "c")

    def __init__(self, world: World, timer: Any, chan: Chan) -> None:  # noqa: ANN401 - the run's own timer
        self._world = world
        self._timer = timer
        self.c = chan

    def stop(self) -> StopTimer:
        """``timer.Stop()``; the result is whether it was running."""
        return StopTimer(self._world, self._timer)

    def reset(self, ns: int) -> ResetTimer:
        """``timer.Reset(ns)``; the result is whether it was running."""
        return ResetTimer(self._world, self._timer, _duration(ns), 0)


class World(Protocol):
    """What a handle asks of the run that it belongs to; all plain calls. ``made`` counts sends and receives."""

    made: int

    def now(self) -> int:
        """Simulated nanoseconds since the program started, as the running P sees them."""

    def cpu_time(self) -> int:
        """CPU time of all threads so far, in nanoseconds."""

    def statistics(self) -> Mapping[str, Any]:
        """The scheduler as it stands."""

    def draw(self, name: str, levels: dict[str, int | str]) -> int:
        """One draw from a cost, in nanoseconds."""

    def stream(self, name: str) -> random.Random:
        """The run's own random source of that name."""

    def observe(self, name: str, value: Any) -> None:  # noqa: ANN401 - a number, or what a test wants to see
        """Record a measurement."""

    def channel_timer(self, chan: Chan, ns: int, period: int) -> None:
        """Have *chan* receive in *ns*, and then each *period* if that is not 0."""


class G:
    """A goroutine's own handle: the first argument of its body. ``gid`` is its number: main is 1."""

    __slots__ = ("_world", "gid")

    def __init__(self, world: World, gid: int) -> None:
        self._world = world
        self.gid = gid

    def go(self, fn: Callable[..., Body], *args: Any) -> Go:  # noqa: ANN401 - a goroutine takes anything
        """``go fn(args)``; the result is the new goroutine's handle."""
        return Go(self, fn, args)

    def work(self, ns: int) -> Work:
        """Use the CPU for *ns* at full speed. Preemptible; stretched by whatever else needs the CPU."""
        return Work(self, _duration(ns))

    def touch(self, nbytes: int, *, huge: bool = False) -> Touch:
        """First touch of fresh memory that the host has backed before: a page fault for each page, on the P."""
        page = (2 << 20) if huge else (4 << 10)
        return Touch(self, -(-_whole(nbytes, "a size") // page), page)

    def spin(self, ns: int) -> Spin:
        """``for time.Since(t) < ns {}``: burn CPU until *ns* of wall time have passed, preempted or not."""
        return Spin(self, _duration(ns))

    def sleep(self, ns: int) -> Sleep:
        """``time.Sleep``; 0 returns at once."""
        return Sleep(self, _duration(ns))

    def syscall(self, ns: int | None, cpu: int = 0) -> Syscall:
        """A blocking system call of *ns* (None: for ever), of which the first *cpu* are spent on the CPU.

        The P stays with it until sysmon takes it.
        """
        if ns is not None and _duration(cpu) > _duration(ns):
            raise ValueError(f"cpu={cpu} is more than the whole system call, ns={ns}")
        return Syscall(self, ns, cpu)

    def open(
        self,
        *,
        fs: str = "tmpfs",
        layers: int = 1,
        depth: int = 1,
        file: Literal["present", "absent"] = "present",
        layer: Literal["top", "lowest"] = "lowest",
        is_first: bool = False,
        is_writable: bool = False,
    ) -> Open:
        """``os.Open``: a system call that is busy all the time, as long as costs of that *fs* say (``bind``, ``host``, ``overlay``, …).

        *depth* is how many names its path has below the folder that costs were measured in. ``is_first``: nobody has looked the name up before, so an overlay looks
        into its *layers*, those that have the name's folder, from the top until it is found; what the kernel has looked up it knows, in however many layers.
        """
        _one_of("file", file, ("present", "absent"))
        _one_of("layer", layer, ("top", "lowest"))
        _at_least_one("layers", layers)
        _at_least_one("depth", depth)
        is_present = file == "present"
        looked = 1 if is_present and layer == "top" else layers
        if is_writable and not is_present:
            raise ValueError("is_writable is for a file that is present")
        return Open(self, fs, depth, is_present, looked if is_first else 0, is_writable)

    def close(self, *, fs: str = "tmpfs") -> Syscall:
        """``file.Close`` of a file that was opened for reading on *fs*: a system call that is busy all the time."""
        ns = self._world.draw("open_close", {"fs": fs})
        return Syscall(self, ns, ns)

    def netwait(self, ns: int | None) -> Netwait:
        """Wait on the netpoller for something that arrives after *ns*; None: never."""
        return Netwait(self, None if ns is None else _duration(ns))

    def cgo(self, ns: int, blocking: int = 0) -> Syscall:
        """A cgo call: *ns* on the CPU, then *blocking* off it. A program that has made one is never told of a deadlock."""
        return Syscall(self, _duration(ns) + _duration(blocking), ns, is_cgo=True)

    def alloc(self, nbytes: int, live: int = 0) -> Alloc:
        """A heap allocation of one object; *live* are pointer-bearing bytes that stay reachable (negative frees).

        There is no collector yet: it costs its time.
        """
        return Alloc(self, _whole(nbytes, "a size"), live)

    def lock_os_thread(self) -> LockOSThread:
        """``runtime.LockOSThread``."""
        return LockOSThread(self)

    def unlock_os_thread(self) -> UnlockOSThread:
        """``runtime.UnlockOSThread``."""
        return UnlockOSThread(self)

    def gosched(self) -> Gosched:
        """``runtime.Gosched``."""
        return Gosched(self)

    def block(self) -> Block:
        """``select {}``."""
        return Block(self)

    def panic(self, text: str) -> Panic:
        """An unrecovered panic: the process ends with exit code 2."""
        return Panic(self, f"panic: {text}")

    def goexit(self) -> Goexit:
        """``runtime.Goexit``: what is in ``finally`` runs, as deferred calls do."""
        return Goexit(self)

    def select(self, *cases: Send | Recv | None, default: bool = False) -> Select:
        """``select``: the result is ``(index, value)``, ``(index, None)`` for a send, ``(-1, None)`` for the default.

        A case None is a nil channel: never ready, keeps its index.
        """
        for case in cases:
            if case is not None and not isinstance(case, Send | Recv):
                raise TypeError(f"{case!r} is no case of a select: ch.send(v), ch.recv() or None")
        return Select(self, cases, default)

    def mutex(self) -> Mutex:
        """``sync.Mutex`` (a plain call)."""
        return Mutex(self._world)

    def rwmutex(self) -> RWMutex:
        """``sync.RWMutex`` (a plain call)."""
        return RWMutex(self._world)

    def waitgroup(self) -> WaitGroup:
        """``sync.WaitGroup`` (a plain call)."""
        return WaitGroup(self._world)

    def once(self) -> Once:
        """``sync.Once`` (a plain call)."""
        return Once(self._world)

    def cond(self, mutex: Mutex) -> Cond:
        """``sync.NewCond`` (a plain call)."""
        return Cond(self._world, mutex)

    def chan(self, cap: int | None = 0) -> Chan:
        """``make(chan T, cap)`` (a plain call); None is a nil channel, on which everything waits for ever."""
        return (
            Chan(self._world, 0, is_nil=True) if cap is None else Chan(self._world, _whole(cap, "a capacity"))
        )

    def timer(self, ns: int) -> GoTimer:
        """``time.NewTimer(ns)`` (a plain call): its channel is ``.c``; ``.stop()`` and ``.reset(ns)`` are operations."""
        chan = self.after(ns)
        return GoTimer(self._world, chan.timer, chan)

    def after_func(self, ns: int, fn: Callable[..., Body], *args: Any) -> AfterFunc:  # noqa: ANN401 - a goroutine takes anything
        """``time.AfterFunc``: ``fn(g, args)`` in a goroutine of its own when due; the result is a :class:`GoTimer`."""
        return AfterFunc(self, self._world, _duration(ns), fn, args)

    def after(self, ns: int) -> Chan:
        """``time.After``: a channel that receives once, when due (a plain call)."""
        made = Chan(self._world, 1)
        self._world.channel_timer(made, _duration(ns), 0)
        return made

    def ticker(self, ns: int) -> Ticker:
        """``time.NewTicker(ns).C``: a channel that receives each *ns* (a plain call). A receive gives the time it was due."""
        _positive(ns, "NewTicker")
        made = Ticker(self._world, 1)
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

    def cpu_time(self) -> int:
        """CPU time that all threads of the program have had, as getrusage has it, in nanoseconds (a plain call)."""
        return self._world.cpu_time()

    def statistics(self) -> Mapping[str, Any]:
        """The scheduler as it stands, by the names of :class:`lab.sim.Statistics` (a plain call)."""
        return self._world.statistics()

    def observe(self, name: str, value: Any) -> None:  # noqa: ANN401 - a number, or what a test wants to see
        """Record a measurement under a name, as ``lab.Observe`` does (a plain call)."""
        self._world.observe(name, value)


def _whole(number: int, what: str) -> int:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{number!r} is not a whole number")
    if number < 0:
        raise ValueError(f"{number}: {what} is never negative")
    return number


def _duration(ns: int) -> int:
    if isinstance(ns, float):
        raise TypeError(f"{ns!r} is not a whole number; us(), ms() and s() round to nanoseconds")
    return _whole(ns, "a duration")


def _at_least_one(name: str, number: int) -> None:
    if _whole(number, name) == 0:
        raise ValueError(f"{name}=0: a file has at least one")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name}={value!r} is none of {', '.join(known)}")


def _positive(ns: int, where: str) -> int:
    """A ticker's interval; Go panics for none, and a negative one is a mistake of the program's Python."""
    if _duration(ns) == 0:
        raise GoPanicError(f"panic: non-positive interval for {where}")
    return ns
