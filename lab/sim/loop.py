"""The event loop: the only module that knows SimPy.

Every M is a SimPy process; a G is data. An M has a clock of its own, which runs ahead of the loop's in plain
Python while no event is due before it, because only an event can interfere. Before each effect that others can
see the M catches up (:meth:`~lab.sim.threads.Threads.catch_up`), so effects happen in the order of simulated
time.

Not modelled yet: the kernel below. There are as many CPUs as threads that want one, and a wake-up takes what
its cost says.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import simpy

from lab.sim import channel, program, sched
from lab.sim.clock import Steps
from lab.sim.costs import Costs, Draws
from lab.sim.exchange import Exchange
from lab.sim.operation import Body, Operation
from lab.sim.operations import Operations
from lab.sim.release import GoRelease
from lab.sim.result import STOPPED
from lab.sim.state import Goroutine, M, P, Sched, Timer
from lab.sim.statistics import Statistics, statistics
from lab.sim.status import GEvent, GStatus, next_status
from lab.sim.sysmon import Sysmon
from lab.sim.threads import Threads

_DEADLOCK: Final = "fatal error: all goroutines are asleep - deadlock!"
_NO_GOROUTINES: Final = "fatal error: no goroutines (main called runtime.Goexit) - deadlock!"

_STARTED_SCHEDTICK: Final = 4
"""Of main's P at main.main: runtime.main has parked and been made ready (GODEBUG=schedtrace, go1.27.3: 4 or 5)."""
_STARTED_MS: Final = 3
"""Idle Ms at main.main: one a P and at most this many (schedtrace's idlethreads at 1, 2 and 4 Ps: 1, 2 and 3)."""
_SHOWN_GS: Final = 10


class _GoexitError(BaseException):
    """Goexit on its way up: a ``finally`` runs, nothing catches it."""


class _GoexitedError(Exception):
    """A goroutine's bodies have all been left by Goexit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a simulated process ended, and when."""

    outcome: str
    exit_code: int | None
    message: str
    wall_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is run: *inits* on main's goroutine, locked to its thread, and then *main* with its parameters."""

    main: Callable[..., Body]
    params: Mapping[str, Any]
    inits: Sequence[Callable[..., Body]] = ()
    masks_deadlock: bool = False


def _with_inits(g: program.G, what: Program) -> Body:
    """proc.go: main. Package inits run on the main goroutine, which is locked to its thread meanwhile."""
    if what.inits:
        yield g.lock_os_thread()
        for init in what.inits:
            yield from init(g)
        yield g.unlock_os_thread()
    yield from what.main(g, **what.params)


class Loop:
    """One run of one simulated process. It is the :class:`~lab.sim.program.World` of its goroutines."""

    def __init__(
        self,
        release: GoRelease,
        costs: Costs,
        streams: Callable[[str], random.Random],
        *,
        gomaxprocs: int,
        cpus: int,
    ) -> None:
        self._env = simpy.Environment()
        self._state = Sched(release=release, ps=[P(id=number) for number in range(gomaxprocs)])
        self._cost = Draws(costs, streams("golab costs"))
        self._threads = Threads(self._state, self._env, self._cost, streams("golab steal"))
        self._threads.start = self._start
        self._threads.died = self._died
        self._sysmon = Sysmon(self._threads)
        exchange = Exchange(self._threads, streams("golab select"), self._new_g, cpus=cpus)
        self._operations = Operations(self._threads, self._sysmon, exchange, self._new_g)
        self._streams = streams
        self._named: dict[str, random.Random] = {}
        self.observations: dict[str, list[Any]] = {}
        self._running: M | None = None
        self._gs = 0
        self._waiting: dict[int, Goroutine] = {}
        self._main: Goroutine | None = None
        self._ended: Ended | None = None

    # What a handle may ask (program.World)

    def now(self) -> int:
        """The running P's time."""
        return self._running.clock if self._running else int(self._env.now)

    def draw(self, name: str, levels: dict[str, int | str]) -> int:
        """One draw from a cost."""
        return self._cost(name, levels)

    def stream(self, name: str) -> random.Random:
        """The run's random source of that name."""
        if name not in self._named:
            self._named[name] = self._streams(f"program {name}")
        return self._named[name]

    def observe(self, name: str, value: Any) -> None:  # noqa: ANN401 - a number, or what a test wants to see
        """Record a measurement."""
        self.observations.setdefault(name, []).append(value)

    def channel_timer(self, chan: program.Chan, ns: int, period: int) -> None:
        """A timer that is in no heap until somebody blocks on its channel."""
        chan.timer = Timer(when=self.now() + max(ns, 1), period=period, chan=chan)

    # The run

    def run(self, program_: Program, *, max_time: int, max_events: int) -> Ended:
        """Simulate until main returns, the process dies, or a limit is reached."""
        state = self._state
        state.idle_ps = state.ps[:0:-1]  # procresize puts them from the last to the first: P1 is taken first
        m0 = self._threads.new_m()
        self._threads.acquire(m0, state.ps[0])
        self._operations.masks_deadlock = program_.masks_deadlock
        self._main = self._new_g(_with_inits, (program_,), program_.main.__name__)
        state.ps[0].runnext = self._main
        self._start(m0)
        state.ps[0].schedtick = _STARTED_SCHEDTICK
        for _ in range(min(state.gomaxprocs, _STARTED_MS)):
            self._start(self._threads.new_m())
        self._env.process(self._sysmon.steps())
        ended = self._until_the_end(max_time, max_events)
        self._close_bodies()
        return ended

    def _until_the_end(self, max_time: int, max_events: int) -> Ended:
        for _ in range(max_events):
            if self._ended is not None:
                return self._ended
            if self._env.peek() > max_time:
                break
            self._env.step()
        return Ended(outcome="timeout", exit_code=None, message=self._still_there(), wall_ns=None)

    def statistics(self) -> Statistics:
        """The scheduler as it stands."""
        return statistics(self._state, goroutines=len(self._waiting), created=self._gs)

    def _close_bodies(self) -> None:
        """What still stood somewhere when the process ended; a ``finally`` that yields there is not followed."""
        for g in self._waiting.values():
            for body in (g.body, *reversed(g.callers)):
                with contextlib.suppress(RuntimeError):
                    body.close()

    def _still_there(self) -> str:
        running = [f"goroutine {m.curg.gid} [{m.curg.status.value}]" for m in self._state.ms if m.curg]
        return f"at the limit: {', '.join(running) or 'nothing runs'}"

    def _new_g(self, fn: Callable[..., Body], args: tuple[Any, ...], name: str = "") -> Goroutine:
        self._gs += 1
        handle = program.G(self, self._gs, name or getattr(fn, "__name__", "func"))
        g = Goroutine(handle, fn(handle, *args))
        self._waiting[handle.gid] = g
        return g

    def _start(self, m: M) -> None:
        self._env.process(self._m(m))

    def _died(self, at: int, *, silently: bool) -> None:
        """proc.go: checkdead. *silently*: an M counts as running, so the runtime does not notice."""
        if self._ended is not None:
            return
        if silently or self._operations.masks_deadlock:
            self._ended = Ended(outcome="hang", exit_code=None, message=self._who_waits(), wall_ns=None)
            return
        message = _NO_GOROUTINES if self._main and self._main.status is GStatus.DEAD else _DEADLOCK
        self._ended = Ended(outcome="deadlock", exit_code=2, message=message, wall_ns=at)

    def _who_waits(self) -> str:
        waiting = [f"goroutine {gid} [{g.why or g.status.value}]" for gid, g in self._waiting.items()]
        return f"waiting: {', '.join(waiting[:_SHOWN_GS])}" + (", …" if len(waiting) > _SHOWN_GS else "")

    # An M: find work, do it

    def _m(self, m: M) -> Steps:
        while self._ended is None:
            if m.locked_g is not None:
                yield from self._threads.stop_locked(m)
                yield from self._execute(m, m.locked_g, inherits=False)
                continue
            if m.p is None:
                yield from self._threads.stopm(m)
            g, inherits = yield from self._find_runnable(m)
            if g.locked_m is not None and g.locked_m is not m:
                self._stop_searching(m)
                self._threads.start_locked(m, g)
                continue
            yield from self._execute(m, g, inherits=inherits)

    def _find_runnable(self, m: M) -> Steps:  # noqa: C901 - the runtime's own order, step by step
        """proc.go: findRunnable, in its order."""
        state, threads = self._state, self._threads
        while True:
            yield from threads.catch_up(m)
            p = m.p
            assert p is not None  # noqa: S101 - only an M with a P looks for work
            threads.run_timers(m, p)
            if sched.wants_global_check(state, p):
                return state.runq.popleft(), False
            if (own := sched.local_next(p)) is not None:
                return own
            if (g := sched.global_batch(state, p)) is not None:
                return g, False
            if state.net_ready and state.poller is None:
                threads.take_arrived(m)
                continue
            if sched.may_spin(state, m):
                threads.spin(m)
                m.clock += self._cost("steal")
                yield from threads.catch_up(m)
                if (g := threads.steal(m, p)) is not None:
                    return g, False
                if p.runnext is not None or p.runq:
                    continue  # a stolen timer made one ready
            if state.runq:
                continue
            if not m.spinning and state.needspinning:
                threads.spin(m)
                continue
            yield from threads.rest(m, p)

    def _stop_searching(self, m: M) -> None:
        """proc.go: resetspinning. It has found work; let the next one look for more."""
        if m.spinning:
            self._threads.stop_spinning(m)
            self._threads.wakep(m)

    def _execute(self, m: M, g: Goroutine, *, inherits: bool) -> Steps:
        """proc.go: execute; then the G's own operations until it stops."""
        assert m.p is not None  # noqa: S101 - findRunnable leaves the P with the M
        self._stop_searching(m)
        g.status = next_status(g.status, GEvent.EXECUTE)
        g.preempt = False
        m.curg = g
        if not inherits:
            m.p.schedtick += 1
        m.clock += self._cost("switch")
        self._threads.unblock(g)
        while self._ended is None:
            yield from self._threads.catch_up(m)
            operation = g.left or self._next_operation(m, g)
            if operation is None:
                break
            try:
                g.result = yield from self._operations.perform(m, g, operation)
            except channel.GoPanicError as panic:
                self._ended = Ended(outcome="panic", exit_code=2, message=str(panic), wall_ns=m.clock)
                break
            if g.result is STOPPED:
                g.result = None
                break
            if g.preempt:
                self._threads.preempted(m, g)
                break
        m.curg = None

    def _next_operation(self, m: M, g: Goroutine) -> Operation | None:
        """What the body yields next; None where it has ended, with main's end being the process's."""
        self._running = m
        try:
            operation = self._resumed(g)
        except (StopIteration, _GoexitedError) as end:
            self._exit(m, g, is_return=isinstance(end, StopIteration))
            return None
        finally:
            self._running = None
        if not isinstance(operation, Operation):
            raise TypeError(
                f"goroutine {g.gid} ({g.handle.name}) yielded {operation!r}, which is no operation"
            )
        if operation.maker is not None and operation.maker is not g.handle:
            raise TypeError(
                f"goroutine {g.gid} ({g.handle.name}) uses the handle of goroutine {operation.maker.gid}"
            )
        return operation

    def _resumed(self, g: Goroutine) -> Operation:
        """Let the innermost body go on; where it ends, the one that called it goes on with what it returned."""
        value, g.result = g.result, None
        while True:
            try:
                if not g.exiting:
                    return g.body.send(value)
                g.exiting = False
                return g.body.throw(_GoexitError())
            except StopIteration as end:
                if not g.callers:
                    raise
                g.body, value = g.callers.pop(), end.value
            except _GoexitError:
                if not g.callers:
                    raise _GoexitedError from None
                g.body, g.exiting = g.callers.pop(), True

    def _exit(self, m: M, g: Goroutine, *, is_return: bool) -> None:
        """proc.go: goexit0; main's return is the process's. A thread whose G exits locked ends with it."""
        g.status = next_status(g.status, GEvent.EXIT)
        self._waiting.pop(g.gid, None)
        if g is self._main and is_return:
            self._ended = Ended(outcome="exit", exit_code=0, message="", wall_ns=m.clock)
        if g.locked_m is not None:
            g.locked_m = m.locked_g = None
