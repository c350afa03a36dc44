"""The scheduler's decisions, each as the runtime's source has it."""

import random

from hypothesis import given
from hypothesis import strategies as st

from lab.sim import sched
from lab.sim.operation import Body
from lab.sim.program import G
from lab.sim.release import GO_1_27
from lab.sim.state import Goroutine, M, P, Sched, Timer


def _body() -> Body:
    yield from ()


def _g(gid: int) -> Goroutine:
    return Goroutine(G(None, gid), "example", _body())  # type: ignore[arg-type]


def _sched(ps: int) -> Sched:
    return Sched(release=GO_1_27, ps=[P(id=number) for number in range(ps)])


def _gids(queue: object) -> list[int]:
    return [g.gid for g in queue]  # type: ignore[attr-defined]


def test_runnext_kicks_the_old_one_to_the_tail() -> None:
    """The G that was made ready last runs next, the others in their order."""
    state = _sched(1)
    for gid in (1, 2, 3):
        sched.runqput(state, state.ps[0], _g(gid), next=True)

    found = [sched.local_next(state.ps[0]) for _ in range(4)]

    assert [(g[0].gid, g[1]) if g else None for g in found] == [(3, True), (1, False), (2, False), None]


def test_a_full_queue_spills_half_of_itself_and_the_new_one() -> None:
    """128 oldest and the newcomer, 129 in all (runqputslow)."""
    state = _sched(1)
    for gid in range(257):
        sched.runqput(state, state.ps[0], _g(gid), next=False)

    assert _gids(state.runq) == [*range(128), 256]
    assert _gids(state.ps[0].runq) == list(range(128, 256))


def test_the_global_queue_is_shared_out() -> None:
    """n/gomaxprocs + 1, at most half a queue; the first runs now (globrunqgetbatch)."""
    state = _sched(4)
    state.runq.extend(_g(gid) for gid in range(10))

    first = sched.global_batch(state, state.ps[0])

    assert first is not None
    assert (first.gid, _gids(state.ps[0].runq), _gids(state.runq)) == (0, [1, 2], list(range(3, 10)))


@given(st.integers(1, 40), st.integers(0, 2**32))
def test_stealing_visits_every_p_once(count: int, seed: int) -> None:
    """A random start and a coprime stride make a permutation."""
    assert sorted(sched.steal_order(count, random.Random(seed))) == list(range(count))  # noqa: S311 - a simulation


@given(st.integers(0, 256))
def test_a_thief_takes_half_rounded_up_from_the_head(waiting: int) -> None:
    """The last of what it took runs now, the others are queued in their order (runqgrab, runqsteal)."""
    state = _sched(2)
    thief, victim = state.ps
    victim.runq.extend(_g(gid) for gid in range(waiting))

    g = sched.runqsteal(thief, victim)

    taken = waiting - waiting // 2
    assert (g.gid if g else None) == (taken - 1 if taken else None)
    assert _gids(thief.runq) == list(range(max(taken - 1, 0)))
    assert _gids(victim.runq) == list(range(taken, waiting))


def test_at_most_half_as_many_spin_as_ps_are_busy() -> None:
    """2 * nmspinning < gomaxprocs - npidle (findRunnable)."""
    state = _sched(4)
    m = M(id=0)
    state.idle_ps = [state.ps[3]]

    allowed = []
    for spinning in range(3):
        state.nmspinning = spinning
        allowed.append(sched.may_spin(state, m))

    assert allowed == [True, True, False]


def test_epoll_waits_whole_milliseconds() -> None:
    """Below one it is one, above it is cut (netpoll_epoll.go)."""
    waits = [sched.epoll_wait(_sched(1), delay) for delay in (0, 1, 999_999, 1_000_000, 1_999_999, 2_000_000)]

    assert waits == [0, 1_000_000, 1_000_000, 1_000_000, 1_000_000, 2_000_000]


def test_a_ticker_skips_the_periods_that_it_missed() -> None:
    """When + period * (1 + late / period) (time.go: unlockAndRun)."""
    timer = Timer(when=100, period=10)

    assert [sched.next_period(timer, now) for now in (100, 109, 110, 137)] == [110, 110, 120, 140]


def test_a_stopped_timer_stays_in_the_heap_until_somebody_comes_by() -> None:
    """It is woken up for all the same; who comes at its time finds nothing, or what is due (timerZombie)."""
    state = _sched(1)
    p = state.ps[0]
    early, late = Timer(when=5), Timer(when=9)

    assert sched.add_timer(state, p, late)
    assert sched.add_timer(state, p, early)
    sched.set_zombie(early, to=True)

    assert (sched.wake_time(p), p.heaped, p.zombies, sched.wants_clean(p)) == (5, 2, 1, True)
    assert sched.expired(p, 5) is None
    assert (sched.wake_time(p), p.heaped, p.zombies, early.p) == (9, 1, 0, None)
    assert sched.expired(p, 9) is late


def test_a_modified_timer_keeps_its_heap_and_loses_its_old_place() -> None:
    """Moved to later, earlier, and back from the dead (modify)."""
    state = _sched(1)
    p = state.ps[0]
    timer, other = Timer(when=5), Timer(when=7)
    sched.add_timer(state, p, timer)
    sched.add_timer(state, p, other)

    timer.when = 9
    sched.set_zombie(timer, to=True)
    assert sched.move_timer(state, timer)
    assert (sched.wake_time(p), p.heaped, p.zombies) == (7, 2, 0)
    timer.when = 10
    assert not sched.move_timer(state, timer)
    sched.clean(p)
    assert len(p.timers) == p.heaped == 2
    assert sched.expired(p, 10) is other
    assert sched.expired(p, 10) is timer
    assert (p.heaped, p.timers) == (0, [])
