"""What an M does: find a G, run it, look for the next (proc.go: schedule, findRunnable, execute)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lab.sim import program, sched
from lab.sim.clock import Steps
from lab.sim.mistakes import MistakeError, place_of
from lab.sim.netpoll import Netpoll
from lab.sim.operation import SPENT, Operation, Recv, Send
from lab.sim.operations import Operations
from lab.sim.result import LASTS, STOPPED, GoPanicError
from lab.sim.state import Goroutine, M
from lab.sim.statistics import TRACKED, Latencies
from lab.sim.status import DEAD, RUNNABLE, RUNNING, WAITING
from lab.sim.thread import RUNNING as ON_CPU
from lab.sim.threads import Threads
from lab.sim.unwind import unwind


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a simulated process ended, and when."""

    outcome: str
    exit_code: int | None
    message: str
    wall_ns: int | None


class Execution:
    """The steps of all Ms. *world* is what made the objects whose operations they may perform.

    ``ended`` is set when the process is over; ``running`` is the M whose G's Python runs, or ran last.
    """

    def __init__(
        self, threads: Threads, netpoll: Netpoll, operations: Operations, world: object, *, fused: bool
    ) -> None:
        self._threads = threads
        self._netpoll = netpoll
        self._clock = threads.kernel.clock
        self._state = threads.state
        self._operations = operations
        self._world = world
        self._fused = fused
        self._cost = threads.cost
        self._switch = threads.cost.source("schedule", 0)  # main runs already at 0
        self._chan_op = threads.cost.source("chan_handed")
        self._exit_cost = threads.cost.source("go_exit")
        self.main: Goroutine | None = None
        self.ended: Ended | None = None
        self.running: M | None = None
        self.latencies = Latencies()
        self.executed = 0
        """How often a G was given a P."""
        self.performed = 0
        """Operations that were yielded."""
        self.is_panicking = False

    def steps(self, m: M, *, is_first: bool = False) -> Steps:
        """One M's life, with main as what the first runs first."""
        caught_up = False
        if is_first:
            assert self.main is not None  # noqa: S101 - nothing runs before there is a main
            caught_up = yield from self._execute(m, self.main, inherits=True)
        else:
            self._threads.take_brought(m)
        while self.ended is None:
            if m.ends:
                yield from self._threads.end(m)
                return
            if m.locked_g is not None:
                yield from self._threads.stop_locked(m)
                caught_up = yield from self._execute(m, m.locked_g, inherits=False)
                continue
            if m.p is None:
                yield from self._threads.stopm(m)
            g, inherits = yield from self._find_runnable(m, caught_up=caught_up)
            caught_up = False
            if g.locked_m is not None and g.locked_m is not m:
                self._stop_searching(m)
                self._threads.start_locked(m, g)
                continue
            caught_up = yield from self._execute(m, g, inherits=inherits)

    def _find_runnable(self, m: M, *, caught_up: bool) -> Steps:  # noqa: C901 - the runtime's own order, step by step
        """proc.go: findRunnable, in its order."""
        state, threads = self._state, self._threads
        while True:
            if not caught_up:
                yield from threads.catch_up(m)
            caught_up = False
            p = m.p
            assert p is not None  # noqa: S101 - only an M with a P looks for work
            threads.run_timers(m, p)
            if sched.wants_global_check(state, p):
                return state.runq.popleft(), False
            if (own := sched.local_next(p)) is not None:
                return own
            if (g := sched.global_batch(state, p)) is not None:
                return g, False
            if state.net_ready and state.poller is None and (g := self._netpoll.take_arrived(m)) is not None:
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
            if (g := (yield from self._netpoll.rest(m, p))) is not None:
                return g, False

    def _stop_searching(self, m: M) -> None:
        """proc.go: resetspinning. It has found work; let the next one look for more."""
        if m.spinning:
            self._threads.stop_spinning(m)
            self._threads.wakep(m)

    def _execute(self, m: M, g: Goroutine, *, inherits: bool) -> Steps:  # noqa: C901, PLR0911, PLR0912, PLR0915 - the hot loop
        """proc.go: execute and schedule. Run *g* until it stops, and those after it while nothing else comes first.

        Every simulated program spends its time here. So what happens for each operation is written out, and with
        ``fused`` also the commonest moves of all: a value handed to a waiting receiver, a receiver that waits, the
        G in runnext that runs next, and letting the loop catch up. A property test holds them equal to the functions
        that decide them. It gives whether the loop has caught up with the M.
        """
        threads, clock, state = self._threads, self._clock, self._state
        table, p = self._operations.table, m.p
        chan_op, switch, spent = self._chan_op, self._switch, SPENT
        global_check_every = state.release.global_check_every
        fused, world = self._fused, self._world
        receives, sends = (Recv, Send) if fused else (None, None)
        noted, note, mid = threads.recorder.on, threads.recorder.note, m.id
        assert p is not None  # noqa: S101 - findRunnable leaves the P with the M
        if m.spinning:
            self._stop_searching(m)
        self.running = m
        now = m.clock
        now = max(now, g.since)  # whoever made it ready had run ahead
        while True:
            self.executed += 1
            if self.executed & TRACKED == 0:
                self.latencies.note(now - g.since)
            body = g.body
            if noted:
                note((now, "goroutine", g.handle.gid, mid, p.id, "runnable", "running", ""))
            g.status = RUNNING
            g.preempt = False
            m.curg = g
            if not inherits:
                p.schedtick += 1
            now += switch()
            if g.unblocks:
                threads.unblock(g)
            operation: Any = g.left
            result, why = g.result, None
            if operation is not None:
                g.left = None
            while True:
                m.clock = now
                if now >= clock.horizon:
                    if not fused:
                        yield from threads.catch_up(m)
                    elif clock.horizon or m.state is not ON_CPU or now >= clock.peek():
                        if m.state is ON_CPU:
                            yield now
                        if m.clock != now or m.state is not ON_CPU:
                            yield from self._regain(m)
                    if self.ended is not None:
                        return False
                    self.running, now = m, m.clock
                if operation is None:
                    try:
                        operation = body.send(result)
                    except StopIteration as end:
                        if g.callers:
                            g.body, result = g.callers.pop(), end.value
                            body = g.body
                            continue
                        self._exit(m, g)
                        if self.ended is not None:
                            return False
                        break
                    except GoPanicError as panic:
                        self._die(m, g.panic or str(panic))
                        return False
                    self.performed += 1
                    kind = type(operation)
                    if kind is receives:  # its attributes are read here and again below: two classes at one
                        if operation.maker is not world:  # place would take Python five times as long
                            self._refuse(g, operation)
                        operation.maker = spent
                        other, chan = None, operation.chan
                        if chan.senders:
                            if not chan.buffer:
                                other = chan.senders.popleft()
                                if type(other) is Goroutine:
                                    result, other.result = other.sends, None
                                else:
                                    chan.senders.appendleft(other)
                                    other = None
                        elif not (chan.buffer or chan.is_special):
                            chan.receivers.append(g)
                            why = "chan receive"
                    elif kind is sends:
                        if operation.maker is not world:
                            self._refuse(g, operation)
                        operation.maker = spent
                        other, chan = None, operation.chan
                        if chan.receivers:
                            other = chan.receivers.popleft()
                            if type(other) is Goroutine:
                                result, other.result = None, operation.value
                            else:
                                chan.receivers.appendleft(other)
                                other = None
                        elif len(chan.buffer) >= chan.capacity and not chan.is_special:
                            chan.senders.append(g)
                            g.sends = operation.value
                            why = "chan send"
                    else:
                        maker = getattr(operation, "maker", None)
                        if maker is not world and maker is not g.handle:
                            self._refuse(g, operation)
                        operation.maker = spent
                        other = None
                    if other is not None:
                        if noted:
                            note((now, "goroutine", other.handle.gid, mid, p.id, "waiting", "runnable", ""))
                        other.status, other.since, operation = RUNNABLE, now, None
                        if p.runnext is None:
                            p.runnext = other
                        else:
                            sched.runqput(state, p, other, next=True)
                        if state.nmspinning == 0:
                            if state.idle_ps:
                                threads.wakep(m)
                                now = m.clock
                            else:
                                state.needspinning = True
                        now += chan_op()
                        if not g.preempt:
                            continue
                        m.clock, g.result = now, result
                        threads.preempted(m, g, "preempted")
                        now = m.clock
                        break
                    if why is not None:
                        if noted:
                            note((now, "goroutine", g.handle.gid, mid, p.id, "running", "waiting", why))
                        g.status, g.since, g.why = WAITING, now, why
                        now += chan_op()
                        break
                try:
                    result = table[type(operation)](m, g, operation)
                except GoPanicError as panic:
                    if self._panics(m, g, panic):
                        return False
                    result = operation = None
                    body, now = g.body, m.clock
                    continue
                if result is LASTS:
                    result = yield from m.doing
                    if self.ended is not None:
                        return False
                    self.running, p = m, m.p or p
                now = m.clock
                if result is STOPPED:
                    break
                operation = None
                body = g.body
                if g.preempt:
                    g.result = result
                    threads.preempted(m, g, "preempted")
                    now = m.clock
                    break
            m.clock, m.curg = now, None
            if m.locked_g is not None or (why is None and (m.p is not p or self.ended is not None or m.ends)):
                return False
            if now >= clock.horizon:
                if not fused:
                    return False
                if clock.horizon or m.state is not ON_CPU or now >= clock.peek():
                    if m.state is ON_CPU:
                        yield now
                    if m.clock != now or m.state is not ON_CPU:
                        yield from self._regain(m)
                    if self.ended is not None:
                        return False
                    self.running, now = m, m.clock
            following, timers = p.runnext, p.timers
            if (
                fused
                and following is not None
                and following.locked_m is None
                and not (state.runq and p.schedtick % global_check_every == 0)
                and (not timers or (timers[0][0] > now and p.zombies <= p.heaped // 4))
            ):
                p.runnext = None
                g, inherits = following, True
            elif (found := sched.next_at_once(state, p, now)) is not None:
                g, inherits = found
                now = max(now, g.since)
            else:
                return fused

    def _regain(self, m: M) -> Steps:
        """An M has lost its CPU: wait until it has it again, and its time has come (kernel.py: reach)."""
        clock = self._clock
        while m.state is not ON_CPU or m.clock > clock.now:
            if m.state is ON_CPU:
                clock.resume(m, m.clock)
            yield
        clock.horizon = clock.peek()

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
        self.is_panicking = True
        unwind(g, panic)
        return False

    def _die(self, m: M, message: str) -> None:
        self.ended = Ended(outcome="panic", exit_code=2, message=message, wall_ns=m.clock)

    def _exit(self, m: M, g: Goroutine) -> None:
        """proc.go: goexit0; main's return is the process's. A thread whose G exits locked ends with it."""
        self._threads.move(m, g, DEAD)
        del self._threads.waiting[g.gid]
        self._state.dead_gs += 1
        if g is self.main and not g.exited:
            self.ended = Ended(outcome="exit", exit_code=0, message="", wall_ns=m.clock)
        if g.locked_m is not None:
            g.locked_m = m.locked_g = None
            m.ends = True
        m.clock += self._exit_cost()
