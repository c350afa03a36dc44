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
import gc
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import GeneratorType
from typing import Any, Final

import simpy
from simpy.events import NORMAL

from lab.sim import program, sched
from lab.sim.clock import Steps
from lab.sim.costs import Costs, Draws
from lab.sim.events import Event
from lab.sim.exchange import Exchange
from lab.sim.mistakes import MistakeError, place_of
from lab.sim.operation import SPENT, Body, Operation, Recv, Send, next_serial
from lab.sim.operations import Operations
from lab.sim.release import GoRelease
from lab.sim.result import LASTS, STOPPED, GoPanicError
from lab.sim.state import Goroutine, M, P, Sched, Timer
from lab.sim.statistics import TRACKED, Latencies, Statistics, statistics
from lab.sim.status import DEAD, RUNNABLE, RUNNING, WAITING
from lab.sim.sysmon import Sysmon
from lab.sim.threads import Threads
from lab.sim.timeline import Sample
from lab.sim.unwind import unwind

_STARTED_SCHEDTICK: Final = 4
"""Of main's P at main.main: runtime.main has parked and been made ready (GODEBUG=schedtrace, go1.27.3: 4 or 5)."""
_STARTED_MS: Final = 3
"""Idle Ms at main.main: one a P and at most this many (schedtrace's idlethreads at 1, 2 and 4 Ps: 1, 2 and 3)."""
_SHOWN_GS: Final = 10
_MOST_YIELDS: Final = 1000
"""Of main, for a panic's deferred calls. proc.go: main, ``for c := 0; c < 1000; c++``."""
_MOST_GS: Final = 4_000_000
"""Alive at a time: they would take some 4 GiB."""


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without Python's cyclic collector: a run makes few cycles and many objects."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Clock(simpy.Environment):
    """SimPy's environment, which also knows a time before which nothing happens."""

    horizon: float = 0

    def schedule(self, event: Any, priority: Any = NORMAL, delay: float = 0) -> None:  # noqa: ANN401 - simpy's own
        """As SimPy's; an event that is earlier than all others brings the horizon nearer."""
        super().schedule(event, priority, delay)
        if (at := self._now + delay) < self.horizon:
            self.horizon = at


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


def _main(g: program.G, what: Program, is_panicking: Callable[[], bool]) -> Body:
    """proc.go: main. Package inits run on the main goroutine, which is locked to its thread meanwhile.

    Before it exits, it gives a goroutine that panics some time for its deferred calls.
    """
    if what.inits:
        yield g.lock_os_thread()
        for init in what.inits:
            yield from _body(init, init(g))
        yield g.unlock_os_thread()
    yield from _body(what.main, what.main(g, **what.params))
    for _ in range(_MOST_YIELDS):
        if not is_panicking():
            return
        yield g.gosched()


def _body(fn: Callable[..., Any], made: object) -> Body:
    """What a goroutine's function has made, if that is a body."""
    if type(made) is not GeneratorType:
        name = getattr(fn, "__name__", repr(fn))
        raise MistakeError(f"{name}() has no yield; a goroutine's function is a generator function")
    return made


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
        events: bool = False,
        fused: bool = True,
    ) -> None:
        self.samples: list[Sample] = []
        self._fused = fused
        self._env = _Clock()
        self._state = Sched(release=release, ps=[P(id=number) for number in range(gomaxprocs)])
        self._cost = Draws(costs, streams("golab costs"))
        self.events: list[Event] | None = [] if events else None
        self._threads = Threads(self._state, self._env, self._cost, streams("golab steal"), self.events)
        self._threads.start = self._start
        self._threads.ended = self._died
        self._waiting = self._threads.waiting
        sysmon = Sysmon(self._threads)
        self._exchange = Exchange(self._threads, streams("golab select"), self._new_g, cpus=cpus)
        self._operations = Operations(self._threads, sysmon, self._exchange, self._new_g)
        self._sysmon = sysmon
        self._switch = self._cost.source("switch", 0)  # main runs already at 0
        self._chan_op = self._cost.source("chan_op")
        self._latencies = Latencies()
        self._executed = 0
        self._streams = streams
        self._named: dict[str, random.Random] = {}
        self.observations: dict[str, list[Any]] = {}
        self._running: M | None = None
        self._gs = 0
        self._main: Goroutine | None = None
        self._panicking = False
        self._ended: Ended | None = None
        self.performed = 0
        """Operations that were yielded."""
        self.forgotten = 0
        """Operations that were made and never yielded, as of the end."""

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
        chan.is_special = True
        chan.timer = Timer(when=self.now() + max(ns, 1), period=period, chan=chan)

    # The run

    def run(self, program_: Program, *, max_time: int, max_events: int, sample_every: int = 0) -> Ended:
        """Simulate until main returns, the process dies, or a limit is reached; *sample_every* 0 samples nothing."""
        state = self._state
        before = next_serial()
        self._threads.horizon = max_time
        state.idle_ps = state.ps[:0:-1]  # procresize puts them from the last to the first: P1 is taken first
        m0 = self._threads.new_m()
        self._threads.acquire(m0, state.ps[0])
        self._operations.masks_deadlock = program_.masks_deadlock
        self._main = self._new_g(_main, (program_, lambda: self._panicking), m0, program_.main.__name__)
        state.ps[0].runnext = self._main
        self._start(m0)
        state.ps[0].schedtick = _STARTED_SCHEDTICK
        for _ in range(min(state.gomaxprocs, _STARTED_MS)):
            self._start(self._threads.new_m())
        self._env.process(self._sysmon.steps())
        if sample_every:
            self._env.process(self._sample(sample_every))
        self._operations.most_in_no_time = max_events
        with _uncollected():
            ended = self._until_the_end(max_time, max_events)
        made = next_serial() - before - 1
        self.forgotten = made - self.performed - self._exchange.cases
        self._close_bodies()
        return ended

    def _until_the_end(self, max_time: int, max_events: int) -> Ended:
        step, peek, steps = self._env.step, self._env.peek, 0
        while steps + self.performed < max_events and peek() <= max_time:
            steps += 1
            step()
            if self._ended is not None:
                return self._ended
        return Ended(outcome="timeout", exit_code=None, message=self._still_there(), wall_ns=None)

    def progress(self) -> tuple[int, ...]:
        """Numbers that change whenever the program's Python comes back to a yield."""
        clock = self._running.clock if self._running else 0
        return (self._executed, self.performed, clock, self._operations.in_no_time)

    def statistics(self) -> Statistics:
        """The scheduler as it stands."""
        return statistics(self._state, self._waiting.values(), created=self._gs, latencies=self._latencies)

    def where(self) -> str:
        """Which goroutine runs, and when: what a message about the program's Python begins with."""
        m = self._running
        return f"{m.curg} at {m.clock:,} ns" if m is not None and m.curg is not None else ""

    def line(self) -> str:
        """The line at which the goroutine that runs stands, ``FILE:LINE``."""
        m = self._running
        return place_of(m.curg.body) if m is not None and m.curg is not None else ""

    def _sample(self, every: int) -> Steps:
        state = self._state
        while True:
            yield self._env.timeout(every)
            own = tuple(len(p.runq) + (p.runnext is not None) for p in state.ps)
            self.samples.append(Sample(int(self._env.now), len(state.runq), own))

    def _close_bodies(self) -> None:
        """What still stood somewhere when the process ended; a ``finally`` that yields there is not followed."""
        for g in list(self._waiting.values()):
            for body in (g.body, *reversed(g.callers or ())):
                with contextlib.suppress(RuntimeError, GoPanicError):
                    body.close()

    def _still_there(self) -> str:
        running = [f"goroutine {m.curg.gid} [{m.curg.status.value}]" for m in self._state.ms if m.curg]
        return f"at the limit: {', '.join(running) or 'nothing runs'}"

    def _new_g(self, fn: Callable[..., Body], args: tuple[Any, ...], m: M, name: str = "") -> Goroutine:
        self._gs += 1
        if len(self._waiting) >= _MOST_GS:
            raise MistakeError(f"has {_MOST_GS:,} goroutines at once; no more are simulated")
        handle = program.G(self, self._gs)
        g = Goroutine(handle, name or getattr(fn, "__name__", "func"), _body(fn, fn(handle, *args)))
        self._waiting[self._gs] = g
        self._threads.created(m, g)
        return g

    def _start(self, m: M) -> None:
        self._env.process(self._m(m))

    def _died(self, at: int, message: str | None) -> None:
        """What checkdead says, or None where it says nothing though nothing can run any more."""
        if self._ended is not None:
            return
        if message is None or self._operations.masks_deadlock:
            self._ended = Ended(outcome="hang", exit_code=None, message=self._who_waits(), wall_ns=None)
            return
        self._ended = Ended(outcome="deadlock", exit_code=2, message=message, wall_ns=at)

    def _who_waits(self) -> str:
        waiting = [f"goroutine {gid} [{g.why or g.status.value}]" for gid, g in self._waiting.items()]
        return f"waiting: {', '.join(waiting[:_SHOWN_GS])}" + (", …" if len(waiting) > _SHOWN_GS else "")

    # An M: find work, do it

    def _m(self, m: M) -> Steps:
        while self._ended is None:
            if m.ends:
                self._threads.end(m)
                return
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
            if state.net_ready and state.poller is None and (g := threads.take_arrived(m)) is not None:
                return g, False
            if sched.may_spin(state, m):
                threads.spin(m)
                m.clock += self._cost("steal")
                yield from threads.catch_up(m)
                if (g := (yield from threads.steal(m, p))) is not None:
                    return g, False
                if p.runnext is not None or p.runq:
                    continue  # a stolen timer made one ready
            if state.runq:
                continue
            if not m.spinning and state.needspinning:
                threads.spin(m)
                continue
            if (g := (yield from threads.rest(m, p))) is not None:
                return g, False

    def _stop_searching(self, m: M) -> None:
        """proc.go: resetspinning. It has found work; let the next one look for more."""
        if m.spinning:
            self._threads.stop_spinning(m)
            self._threads.wakep(m)

    def _execute(self, m: M, g: Goroutine, *, inherits: bool) -> Steps:  # noqa: C901, PLR0912, PLR0915 - the hot loop
        """proc.go: execute and schedule. Run *g* until it stops, and those after it while nothing else comes first.

        Every simulated program spends its time here. So what happens for each operation is written out, and with
        ``fused`` also the commonest moves of all: a value handed to a waiting receiver, a receiver that waits, and
        the G in runnext that runs next. A property test holds them equal to the functions that decide them.
        """
        threads, clock, state, latencies = self._threads, self._env, self._state, self._latencies
        table, p = self._operations.table, m.p
        chan_op, switch = self._chan_op, self._switch
        noted = self.events is not None
        fused = self._fused and not noted
        assert p is not None  # noqa: S101 - findRunnable leaves the P with the M
        if m.spinning:
            self._stop_searching(m)
        self._running = m
        seen, performed = self._executed, 0
        now = m.clock
        now = max(now, g.since)  # whoever made it ready had run ahead
        while True:
            self._executed = seen = seen + 1
            if seen & TRACKED == 0:
                latencies.note(now - g.since)
            if noted:
                m.clock = now
                threads.move(m, g, RUNNING)
            else:
                g.status = RUNNING
            g.preempt = False
            m.curg = g
            if not inherits:
                p.schedtick += 1
            now += switch()
            if g.unblocks:
                threads.unblock(g)
            operation: Any = g.left
            result, handle, send = g.result, g.handle, g.body.send
            if operation is not None:
                g.left = None
            while True:
                m.clock = now
                if now >= clock.horizon:
                    self.performed, performed = self.performed + performed, 0
                    yield from threads.catch_up(m)
                    if self._ended is not None:
                        return
                    self._running = m
                if operation is None:
                    try:
                        operation = send(result)
                        maker = operation.maker
                    except StopIteration as end:
                        if g.callers:
                            g.body, result = g.callers.pop(), end.value
                            send = g.body.send
                            continue
                        self._exit(m, g)
                        if self._ended is not None:
                            self.performed += performed
                            return
                        break
                    except GoPanicError as panic:
                        self._die(m, g.panic or str(panic))
                        return
                    except AttributeError:
                        if operation is None or isinstance(operation, Operation):
                            raise
                        maker = None
                    if maker is not self and maker is not handle:
                        self._refuse(g, operation)
                    operation.maker = SPENT
                    performed += 1
                    kind = type(operation)
                    if kind is Recv and fused:
                        chan = operation.chan
                        if chan.senders:
                            if (
                                type(chan.senders[0]) is Goroutine
                                and p.runnext is None
                                and not (chan.buffer or state.idle_ps or state.nmspinning)
                            ):
                                p.runnext = other = chan.senders.popleft()
                                result, other.result = other.sends, None
                                state.needspinning, operation = True, None
                                other.status, other.since = RUNNABLE, now
                                now += chan_op()
                                if not g.preempt:
                                    continue
                                m.clock, g.result = now, result
                                threads.preempted(m, g, "preempted")
                                break
                        elif not (chan.buffer or chan.is_special):
                            chan.receivers.append(g)
                            g.status, g.since, g.why = WAITING, now, "chan receive"
                            now += chan_op()
                            break
                    elif kind is Send and fused:
                        chan = operation.chan
                        if chan.receivers:
                            if (
                                type(chan.receivers[0]) is Goroutine
                                and p.runnext is None
                                and not (state.idle_ps or state.nmspinning)
                            ):
                                p.runnext = other = chan.receivers.popleft()
                                result, other.result = None, operation.value
                                state.needspinning, operation = True, None
                                other.status, other.since = RUNNABLE, now
                                now += chan_op()
                                if not g.preempt:
                                    continue
                                m.clock, g.result = now, result
                                threads.preempted(m, g, "preempted")
                                break
                        elif len(chan.buffer) >= chan.capacity and not chan.is_special:
                            chan.senders.append(g)
                            g.sends = operation.value
                            g.status, g.since, g.why = WAITING, now, "chan send"
                            now += chan_op()
                            break
                try:
                    result = table[type(operation)](m, g, operation)
                except GoPanicError as panic:
                    if self._panics(m, g, panic):
                        return
                    result = operation = None
                    send, now = g.body.send, m.clock
                    continue
                if result is LASTS:
                    self.performed, performed = self.performed + performed, 0
                    result = yield from m.steps
                    if self._ended is not None:
                        return
                    self._running = m
                now = m.clock
                if result is STOPPED:
                    break
                operation = None
                send = g.body.send
                if g.preempt:
                    g.result = result
                    threads.preempted(m, g, "preempted")
                    now = m.clock
                    break
            if fused and m.p is p and now < clock.horizon:
                following = p.runnext
                if (
                    following is not None
                    and m.locked_g is None
                    and following.locked_m is None
                    and not (p.timers or state.runq)
                ):
                    p.runnext = None
                    g, inherits = following, True
                    continue
            m.clock, m.curg = now, None
            if (
                m.p is not p
                or m.locked_g is not None
                or self._ended is not None
                or now >= clock.horizon
                or m.ends
                or (found := sched.next_at_once(state, p, now)) is None
            ):
                self.performed += performed
                return
            g, inherits = found
            now = max(now, g.since)

    def _refuse(self, g: Goroutine, operation: object) -> None:
        """A body has yielded what may not be its own operation: say what it is, or let it pass."""
        if not isinstance(operation, Operation):
            raise MistakeError(f"yielded {operation!r}, which is no operation", place_of(g.body))
        maker, name = operation.maker, type(operation).__name__.lower()
        if maker is SPENT:
            raise MistakeError(f"yielded the same {name} twice; make a new one each time", place_of(g.body))
        if isinstance(maker, program.G):
            raise MistakeError(f"uses the handle of goroutine {maker.gid}", place_of(g.body))
        if maker is not None:
            raise MistakeError(f"yielded the {name} of an object of another run", place_of(g.body))

    def _panics(self, m: M, g: Goroutine, panic: GoPanicError) -> bool:
        """panic.go: gopanic. Run the deferred calls; whether the process dies at once, as of a fatal error."""
        if str(panic).startswith("fatal error"):
            self._die(m, str(panic))
            return True
        g.panic = g.panic or str(panic)
        self._panicking = True
        unwind(g, panic)
        return False

    def _die(self, m: M, message: str) -> None:
        self._ended = Ended(outcome="panic", exit_code=2, message=message, wall_ns=m.clock)

    def _exit(self, m: M, g: Goroutine) -> None:
        """proc.go: goexit0; main's return is the process's. A thread whose G exits locked ends with it."""
        self._threads.move(m, g, DEAD)
        del self._waiting[g.gid]
        if g is self._main and not g.exited:
            self._ended = Ended(outcome="exit", exit_code=0, message="", wall_ns=m.clock)
        if g.locked_m is not None:
            g.locked_m = m.locked_g = None
            m.ends = True
