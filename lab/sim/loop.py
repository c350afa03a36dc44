"""The event loop: the only module that knows SimPy.

Every M is a SimPy process; a G is data. An M has a clock of its own, which runs ahead of the loop's in plain
Python while no event is due before it, because only an event can interfere. Before each effect that others can
see the M catches up (:meth:`~lab.sim.threads.Threads.catch_up`), so effects happen in the order of simulated
time.

Not modelled yet: the kernel below. There are as many CPUs as threads that want one, and a wake-up takes what
its cost says.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import simpy

from lab.sim import channel, program, sched
from lab.sim.clock import Steps
from lab.sim.costs import Costs, Draws
from lab.sim.operations import STOPPED, Operations
from lab.sim.release import GoRelease
from lab.sim.state import Goroutine, M, P, Sched, Timer
from lab.sim.status import GEvent, next_status
from lab.sim.sysmon import Sysmon
from lab.sim.threads import Threads

_DEADLOCK: Final = "fatal error: all goroutines are asleep - deadlock!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a simulated process ended, and when."""

    outcome: str
    exit_code: int | None
    message: str
    wall_ns: int | None


class Loop:
    """One run of one simulated process. It is the :class:`~lab.sim.program.World` of its goroutines."""

    def __init__(
        self, release: GoRelease, gomaxprocs: int, costs: Costs, streams: Callable[[str], random.Random]
    ) -> None:
        self._env = simpy.Environment()
        self._state = Sched(release=release, ps=[P(id=number) for number in range(gomaxprocs)])
        self._cost = Draws(costs, streams("golab costs"))
        self._threads = Threads(self._state, self._env, self._cost, streams("golab steal"))
        self._threads.start = self._start
        self._threads.died = self._died
        self._sysmon = Sysmon(self._threads)
        self._operations = Operations(self._threads, self._sysmon, lambda go: self._new_g(go.fn, go.args, {}))
        self._streams = streams
        self._named: dict[str, random.Random] = {}
        self.observations: dict[str, list[int]] = {}
        self._running: M | None = None
        self._gs = 0
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

    def observe(self, name: str, value: int) -> None:
        """Record a measurement."""
        self.observations.setdefault(name, []).append(value)

    def channel_timer(self, chan: program.Chan, ns: int, period: int) -> None:
        """A timer that is in no heap until somebody blocks on its channel."""
        chan.timer = Timer(when=self.now() + max(ns, 1), period=period, chan=chan)

    # The run

    def run(
        self, main: Callable[..., program.Body], params: dict[str, Any], *, max_time: int, max_events: int
    ) -> Ended:
        """Simulate until main returns, the process dies, or a limit is reached."""
        state = self._state
        state.idle_ps = state.ps[:0:-1]  # procresize puts them from the last to the first: P1 is taken first
        m0 = self._threads.new_m()
        self._threads.acquire(m0, state.ps[0])
        self._main = self._new_g(main, (), params)
        state.ps[0].runnext = self._main
        self._start(m0)
        if state.gomaxprocs > 1:
            self._start(self._threads.new_m())  # the runtime's own goroutines have woken one before main.main
        self._env.process(self._sysmon.steps())
        for _ in range(max_events):
            if self._ended is not None:
                return self._ended
            if self._env.peek() > max_time:
                break
            self._env.step()
        return Ended(outcome="timeout", exit_code=None, message=self._still_there(), wall_ns=None)

    def _still_there(self) -> str:
        running = [f"goroutine {m.curg.gid} [{m.curg.status.value}]" for m in self._state.ms if m.curg]
        return f"at the limit: {', '.join(running) or 'nothing runs'}"

    def _new_g(
        self, fn: Callable[..., program.Body], args: tuple[Any, ...], params: dict[str, Any]
    ) -> Goroutine:
        self._gs += 1
        handle = program.G(self, self._gs, fn.__name__)
        return Goroutine(handle, fn(handle, *args, **params))

    def _start(self, m: M) -> None:
        self._env.process(self._m(m))

    def _died(self, at: int) -> None:
        """proc.go: checkdead. Nothing runs, nothing is polled for, and no timer is there."""
        if self._ended is None:
            self._ended = Ended(outcome="deadlock", exit_code=2, message=_DEADLOCK, wall_ns=at)

    # An M: find work, do it

    def _m(self, m: M) -> Steps:
        while self._ended is None:
            if m.p is None:
                yield from self._threads.stopm(m)
            g, inherits = yield from self._find_runnable(m)
            yield from self._execute(m, g, inherits=inherits)

    def _find_runnable(self, m: M) -> Steps:
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

    def _execute(self, m: M, g: Goroutine, *, inherits: bool) -> Steps:
        """proc.go: execute; then the G's own operations until it stops."""
        assert m.p is not None  # noqa: S101 - findRunnable leaves the P with the M
        if m.spinning:
            self._threads.stop_spinning(m)
            self._threads.wakep(m)
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
                self._ended = Ended(outcome="panic", exit_code=2, message=f"panic: {panic}", wall_ns=m.clock)
                break
            if g.result is STOPPED:
                g.result = None
                break
            if g.preempt:
                self._threads.preempted(m, g)
                break
        m.curg = None

    def _next_operation(self, m: M, g: Goroutine) -> program.Operation | None:
        """What the body yields next; None where it has ended, with main's end being the process's."""
        self._running = m
        value, g.result = g.result, None
        try:
            operation: program.Operation = g.body.send(value)
        except StopIteration:
            g.status = next_status(g.status, GEvent.EXIT)
            if g is self._main:
                self._ended = Ended(outcome="exit", exit_code=0, message="", wall_ns=m.clock)
            return None
        finally:
            self._running = None
        if not isinstance(operation, program.Operation):
            raise TypeError(
                f"goroutine {g.gid} ({g.handle.name}) yielded {operation!r}, which is no operation"
            )
        if operation.maker is not None and operation.maker is not g.handle:
            raise TypeError(
                f"goroutine {g.gid} ({g.handle.name}) uses the handle of goroutine {operation.maker.gid}"
            )
        return operation
