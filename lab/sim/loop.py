"""The event loop: the only module that knows SimPy.

Every M is a thread whose steps (:class:`~lab.sim.execution.Execution`) the loop resumes; a G is data. An M has a clock of its own, which
runs ahead of the loop's in plain Python while no event is due before it, because only an event can interfere. Before
each effect that others can see the M catches up (:meth:`~lab.sim.threads.Threads.catch_up`), so effects happen in
the order of simulated time.

Which thread has a CPU is the kernel's decision (:mod:`~lab.sim.kernel`), which knows nothing of goroutines.
"""

from __future__ import annotations

import contextlib
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heappushpop
from types import GeneratorType
from typing import Any, Final

import simpy
from simpy.events import NORMAL

from lab.sim import program
from lab.sim.costs import Costs, Draws
from lab.sim.events import Fields
from lab.sim.exchange import Exchange
from lab.sim.execution import Ended, Execution
from lab.sim.fair import NEW
from lab.sim.kernel import Kernel
from lab.sim.mistakes import MistakeError, place_of
from lab.sim.netpoll import Netpoll
from lab.sim.operation import Body, LockOSThread, UnlockOSThread, next_serial
from lab.sim.operations import Operations
from lab.sim.recorder import Recorder
from lab.sim.release import GoRelease
from lab.sim.result import GoPanicError
from lab.sim.sched import UNNOTICED
from lab.sim.state import Goroutine, M, P, Sched, Timer
from lab.sim.statistics import Statistics, statistics
from lab.sim.status import GStatus
from lab.sim.sysmon import Sysmon
from lab.sim.thread import NEVER, RUNNING, Thread
from lab.sim.threads import Threads
from lab.sim.timeline import Sample
from lab.sim.uncollected import uncollected

_STARTED_SCHEDTICK: Final = 4
"""Of main's P at main.main: runtime.main has parked and been made ready (GODEBUG=schedtrace, go1.27.3: 4 or 5)."""
_STARTED_MS: Final = 3
"""Idle Ms at main.main: one a P and at most this many (schedtrace's idlethreads at 1, 2 and 4 Ps: 1, 2 and 3)."""
_SHOWN_GS: Final = 10
_MOST_YIELDS: Final = 1000
"""Of main, for a panic's deferred calls. proc.go: main, ``for c := 0; c < 1000; c++``."""
_MOST_GS: Final = 4_000_000
"""Alive at a time: they would take some 4 GiB."""


class _Alarm:
    """What stands in SimPy's queue where a thread is to be resumed, any number of times."""

    __slots__ = ("thread",)

    def __init__(self, thread: Thread) -> None:
        self.thread = thread


class _Clock(simpy.Environment):
    """SimPy's environment, which also knows a time before which nothing happens, and resumes threads by itself.

    A thread's steps give the time at which they are to go on, or None where somebody else will say it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.horizon: float = 0
        self._again: Any = None
        """The place in the queue of the thread that ran last: it is put there with the next one's being taken."""
        self.schedule(None, delay=math.inf)  # the queue is never empty

    def schedule(self, event: Any, priority: Any = NORMAL, delay: float = 0) -> None:  # noqa: ANN401 - simpy's own
        """As SimPy's; an event that is earlier than all others brings the horizon nearer."""
        at = self._now + delay
        heappush(self._queue, (at, priority, next(self._eid), event))
        self.horizon = min(self.horizon, at)

    def later(self, ns: int, do: Callable[[], None]) -> None:
        """Do something *ns* from now."""
        self.timeout(ns).callbacks.append(lambda _: do())

    def alarm(self, thread: Thread) -> _Alarm:
        """What resumes *thread*."""
        return _Alarm(thread)

    def resume(self, thread: Thread, at: int) -> None:
        """Resume *thread* at *at*, and at no time that was asked for before."""
        if thread.due != at:
            thread.due = at
            heappush(self._queue, (at, NORMAL, next(self._eid), thread.alarm))
            self.horizon = min(self.horizon, at)

    def step_until(self, until: int) -> bool:
        """The next event, as SimPy's ``step``, if there is one until then; a thread goes on, unless it is to at another time."""
        queue: list[Any] = self._queue
        again = self._again
        if again is None:
            first = heappop(queue)
        else:
            first = heappushpop(queue, again)
            self._again = None
        now, alarm = first[0], first[3]
        if now > until:
            heappush(queue, first)
            return False
        if type(alarm) is not _Alarm:
            heappush(queue, first)
            self.step()
            return True
        self._now = now
        thread = alarm.thread
        if thread.due == now:
            thread.due = NEVER
            self.horizon = queue[0][0] if thread.state is RUNNING else 0
            try:
                at = thread.steps.send(None)
            except StopIteration:
                return True
            if at is not None:
                thread.due = at
                self._again = (at, NORMAL, next(self._eid), alarm)
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is run: *inits* on main's goroutine, locked to its thread, and then *main* with its parameters.

    ``is_bare``: before the runtime has started a goroutine of its own, or any thread but main's and sysmon's.
    """

    main: Callable[..., Body]
    params: Mapping[str, Any]
    inits: Sequence[Callable[..., Body]] = ()
    masks_deadlock: bool = False
    is_bare: bool = False


def _main(g: program.G, what: Program, is_panicking: Callable[[], bool]) -> Body:
    """proc.go: main. Package inits run on the main goroutine, which is locked to its thread meanwhile.

    Before it exits, it gives a goroutine that panics some time for its deferred calls.
    """
    if what.inits:
        yield LockOSThread(g, is_internal=True)
        for init in what.inits:
            yield from _body(init, init(g))
        yield UnlockOSThread(g, is_internal=True)
    yield from _body(what.main, what.main(g, **what.params))
    for _ in range(_MOST_YIELDS):
        if not is_panicking():
            return
        yield g.gosched()


def _updater(g: program.G) -> Body:
    """proc.go: updateMaxProcsGoroutine. It waits for changes of a cgroup's quota, which there are none of yet."""
    yield g.block()


def _body(fn: Callable[..., Any], made: object) -> Body:
    """What a goroutine's function has made, if that is a body."""
    if type(made) is not GeneratorType:
        name = getattr(fn, "__name__", repr(fn))
        raise MistakeError(f"{name}() has no yield; a goroutine's function is a generator function")
    return made


class Loop:
    """One run of one simulated process. It is the :class:`~lab.sim.program.World` of its goroutines."""

    def __init__(  # noqa: PLR0913 - all that a run depends on
        self,
        release: GoRelease,
        costs: Costs,
        streams: Callable[[str], random.Random],
        *,
        gomaxprocs: int,
        cpus: int,
        quota: float | None = None,
        events: bool = False,
        fused: bool = True,
    ) -> None:
        self._env = _Clock()
        self._state = Sched(release=release, ps=[P(id=number) for number in range(gomaxprocs)])
        self._cost = Draws(costs, streams("golab costs"))
        self.events: list[Fields] | None = [] if events else None
        recorder = Recorder(self.events)
        self._kernel = Kernel(
            self._env,
            self._cost,
            streams("golab kernel"),
            recorder.used_cpu if events else None,
            cpus=cpus,
            quota=quota,
        )
        self._threads = Threads(self._state, self._kernel, self._cost, streams("golab steal"), recorder)
        self._threads.ended = self._died
        self._threads.exhausted = self._crash
        self._waiting = self._threads.waiting
        netpoll = Netpoll(self._threads)
        self._sysmon = Sysmon(self._threads, netpoll)
        self._exchange = Exchange(self._threads, streams("golab select"), self._new_g, cpus=cpus)
        self._operations = Operations(self._threads, netpoll, self._sysmon, self._exchange, self._new_g)
        self._execution = Execution(self._threads, netpoll, self._operations, self, fused=fused)
        self._threads.steps = self._execution.steps
        self._streams = streams
        self._named: dict[str, random.Random] = {}
        self._gs = 0
        self.observations: dict[str, list[Any]] = {}
        self.samples: list[Sample] = []
        self.made = 0
        """Sends and receives that were made; the other operations have their serials."""
        self.forgotten = 0
        """Operations that were made and never yielded, as of the end."""

    # What a handle may ask (program.World)

    def now(self) -> int:
        """The running P's time."""
        m = self._execution.running
        return m.clock if m is not None else int(self._env.now)

    def cpu_time(self) -> int:
        """Of all threads, the running P's until its own time."""
        return self._kernel.cpus.used_ns(self.now())

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
        chan.timer = Timer(when=self.now() + ns, period=period, chan=chan)

    # The run

    def run(self, program_: Program, *, max_time: int, max_events: int, sample_every: int = 0) -> Ended:
        """Simulate until main returns, the process dies, or a limit is reached; *sample_every* 0 samples nothing."""
        before = next_serial()
        self._threads.horizon = max_time
        self._operations.masks_deadlock = program_.masks_deadlock
        m0 = self._threads_at_main(is_bare=program_.is_bare)
        arguments = (program_, lambda: self._execution.is_panicking)
        self._execution.main = self._new_g(_main, arguments, m0, program_.main.__name__)
        self._sysmon.begin()
        if sample_every:
            self._env.process(self._sample(sample_every))
        self._operations.most_in_no_time = max_events
        with uncollected():
            ended = self._until_the_end(max_time, max_events)
        made = self.made + next_serial() - before - 1
        self.forgotten = made - self._execution.performed - self._exchange.cases
        self._close_bodies()
        return ended

    def _threads_at_main(self, *, is_bare: bool) -> M:
        """M0 with P0 as main.main begins, the other Ms parked.

        The runtime's last goroutine before main, the GOMAXPROCS updater, stands in runnext: it gives one more thread
        something to look for (GOTRACEBACK=system at main's first line shows it runnable). Where there is one CPU only,
        that thread has had its turn before main goes on.
        """
        state, others = self._state, self._kernel.cpus.all[1:]
        m0 = self._threads.new_m()
        self._kernel.run_first(m0, self._execution.steps(m0, is_first=True))
        for _ in range(0 if is_bare else min(state.gomaxprocs, _STARTED_MS)):
            m = self._threads.new_m()
            m.utilization = NEW  # cloned a moment ago, on an idle CPU
            cpu = others[m.id % len(others)] if others else None  # main has its own to itself
            self._kernel.begin(m, self._execution.steps(m), cpu)
            self._threads.recorder.thread(m, "running", "idle")
            state.idle_ms.append(m)
        state.idle_ps = state.ps[::-1]  # procresize puts them from the last to the first: P0 is taken first
        self._threads.acquire(m0, state.idle_ps.pop())
        if is_bare:
            return m0
        state.ps[0].schedtick = _STARTED_SCHEDTICK
        handle = program.G(self, 0)
        updater = Goroutine(handle, "GOMAXPROCS updater", _updater(handle))
        self._threads.created(m0, updater)
        if others or not state.idle_ps:
            self._threads.put_next(m0, updater)
        else:
            self._threads.move(m0, updater, GStatus.RUNNING)
            self._threads.park(m0, updater, "GOMAXPROCS updater (idle)")
        m0.clock = 0  # what waking cost passed before main
        return m0

    def _until_the_end(self, max_time: int, max_events: int) -> Ended:
        step, execution, steps = self._env.step_until, self._execution, 0
        while steps + execution.performed < max_events and step(max_time):
            steps += 1
            if execution.ended is not None:
                return execution.ended
        return Ended(outcome="timeout", exit_code=None, message=self._still_there(), wall_ns=None)

    def progress(self) -> tuple[int, ...]:
        """Numbers that change whenever the program's Python comes back to a yield."""
        return (
            self._execution.executed,
            self._execution.performed,
            self.now(),
            self._operations.in_no_time,
        )

    def statistics(self) -> Statistics:
        """The scheduler as it stands."""
        return statistics(
            self._state,
            self._waiting.values(),
            others=1 + self._threads.template.is_there,
            created=self._gs,
            latencies=self._execution.latencies,
        )

    def where(self) -> str:
        """Which goroutine runs, and when: what a message about the program's Python begins with."""
        m = self._execution.running
        return f"{m.curg} at {m.clock:,} ns" if m is not None and m.curg is not None else ""

    def line(self) -> str:
        """The line at which the goroutine that runs stands, ``FILE:LINE``."""
        m = self._execution.running
        return place_of(m.curg.body) if m is not None and m.curg is not None else ""

    def _sample(self, every: int) -> Any:  # noqa: ANN401 - a SimPy process
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

    def _died(self, at: int, message: str) -> None:
        """Nothing can ever run again, and the runtime says *message* of it."""
        if self._execution.ended is not None:
            return
        if message == UNNOTICED or self._operations.masks_deadlock:
            self._execution.ended = Ended(
                outcome="hang", exit_code=None, message=self._who_waits(), wall_ns=None
            )
            return
        self._execution.ended = Ended(outcome="deadlock", exit_code=2, message=message, wall_ns=at)

    def _crash(self, at: int, message: str) -> None:
        """The runtime gives up."""
        if self._execution.ended is None:
            self._execution.ended = Ended(outcome="panic", exit_code=2, message=message, wall_ns=at)

    def _who_waits(self) -> str:
        waiting = [f"goroutine {gid} [{g.why or g.status.value}]" for gid, g in self._waiting.items()]
        return f"waiting: {', '.join(waiting[:_SHOWN_GS])}" + (", …" if len(waiting) > _SHOWN_GS else "")
