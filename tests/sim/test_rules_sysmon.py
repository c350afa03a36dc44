"""Rules of sysmon (R6): when it sleeps for how long, and from which system call it takes a P when. In microseconds.

Read from go1.27.3's proc.go (sysmon, retake). Costs are nothing: it takes 51 · 20 µs and then 10.2 ms until it sleeps for 10 ms
each time, at 11.22 ms, 21.22 ms, and so on.
"""

import itertools
from collections.abc import Callable

from lab.sim import Body, Event, G, ms, simulate, us
from tests.free import free

_BACKS_OFF = [40, 80, 160, 320, 640, 1280, 2560, 5120]


def _events(main: Callable[..., Body], procs: int = 1, **settings: float) -> tuple[Event, ...]:
    events = simulate(main, gomaxprocs=procs, costs=free(), events=True, **settings).events  # type: ignore[arg-type]
    assert events is not None
    return events


def _wakings(events: tuple[Event, ...]) -> list[int]:
    return [e.at // 1000 for e in events if (e.kind, e.mid, e.new) == ("cpu", -1, "running")]


def _sleeps(events: tuple[Event, ...], since: int = 0) -> list[tuple[int, int]]:
    """How long sysmon slept and how often that long in a row, from its first waking after *since*."""
    wakings = [at for at in _wakings(events) if at >= since]
    slept = [end - start for start, end in itertools.pairwise(wakings)]
    return [(ns, len(list(same))) for ns, same in itertools.groupby(slept)]


def _taken(events: tuple[Event, ...]) -> list[int]:
    """When sysmon took a P."""
    return [e.at // 1000 for e in events if (e.kind, e.mid, e.new) == ("proc", -1, "idle")]


def test_it_sleeps_51_times_20_us_and_then_twice_as_long_each_time_up_to_10_ms() -> None:
    """A goroutine that uses the CPU does not keep it awake: it takes no P from it."""

    def main(g: G) -> Body:
        yield g.work(ms(60))

    assert _wakings(_events(main))[0] == 20
    assert _sleeps(_events(main)) == [(20, 50), *((each, 1) for each in _BACKS_OFF), (10_000, 4)]


def test_while_every_p_is_idle_it_sleeps_until_the_next_timer_and_backs_off_no_less_for_it() -> None:
    """At 61.22 ms it finds all idle and wakes with the timer at 65 ms; then it sleeps for 10 ms as before."""

    def main(g: G) -> Body:
        yield g.work(ms(60))
        yield g.sleep(ms(5))
        yield g.work(ms(40))

    assert _sleeps(_events(main), 51_000) == [(10_000, 1), (3_780, 1), (10_000, 3)]


def test_a_system_call_wakes_it_from_its_deep_sleep_to_begin_anew() -> None:
    """All idle and no timer: it would sleep for 60 s. The call at 85 ms wakes it, and it sleeps for 20 µs (sysmonnote)."""

    def main(g: G) -> Body:
        yield g.syscall(100)
        yield g.work(ms(60))
        yield g.netwait(ms(25))
        yield g.syscall(100)
        yield g.work(ms(2))

    assert _sleeps(_events(main), 61_000) == [(23_780, 1), (20, 50), (40, 1), (80, 1), (160, 1), (320, 1)]


def test_where_one_goroutine_had_the_p_for_a_slice_its_call_loses_it_at_once() -> None:
    """The schedtick has not moved since 81.22 ms: the call at 90 ms is seen at 91.22 ms, and the P goes. Sysmon begins anew."""

    def main(g: G) -> Body:
        yield g.syscall(100)
        yield g.work(ms(90))
        yield g.go(works)
        yield g.syscall(ms(20))

    events = _events(main)

    assert _taken(events) == [91_220]
    assert _sleeps(events, 81_000)[:3] == [(10_000, 1), (20, 51), (40, 1)]


def test_where_the_schedtick_has_moved_a_call_is_first_only_noted() -> None:
    """Seen at 101.22 ms; taken at the next waking, at 111.22 ms (SIM.md: 7 ms on average, once sysmon has backed off)."""

    def main(g: G) -> Body:
        yield g.syscall(100)
        yield g.work(ms(100))
        yield g.go(yields)
        yield g.gosched()
        yield g.go(works)
        yield g.syscall(ms(20))

    assert _taken(_events(main)) == [111_220]


def test_calls_that_are_shorter_than_its_sleeps_keep_their_p() -> None:
    """Ten of 19 µs: at each waking the syscalltick has moved on, so each is only noted. One of 41 µs is seen twice."""

    def main(g: G) -> Body:
        yield g.syscall(100)
        yield g.go(works)
        for _ in range(10):
            yield g.syscall(us(19))
        yield g.syscall(us(41))

    assert _taken(_events(main)) == [220]


def test_where_others_wait_a_call_loses_its_p_within_two_wakings() -> None:
    """Sysmon is awake each 20 µs: the call at 1 ms is gone at 1.02 ms; two goroutines wait in its queue."""

    def main(g: G) -> Body:
        yield g.syscall(100)
        yield g.sleep(ms(1))
        for _ in range(3):
            yield g.go(works)
        yield g.syscall(ms(30))

    assert _taken(_events(main, 2)) == [1020]


def test_where_nobody_waits_and_a_p_is_idle_a_call_keeps_its_p_for_10_ms() -> None:
    """Noted at 1.04 ms; the first waking 10 ms later is at 12.2 ms. With one P there is no idle one: taken at 1.04 ms."""

    def main(g: G) -> Body:
        yield g.syscall(100)
        yield g.sleep(ms(1))
        yield g.syscall(ms(30))

    assert _taken(_events(main, 2)) == [12_200]
    assert _taken(_events(main, 1)) == [1040]


def test_a_slice_is_two_sleeps_of_10_ms_once_it_has_backed_off() -> None:
    """A G that is new just after a waking is noted at the next and stopped at the one after (SIM.md's corollary).

    But for the first: it ran from runnext and inherited a slice that was noted already.
    """

    def main(g: G) -> Body:
        yield g.go(hogs)
        yield g.work(ms(200))

    stops = [
        e.at // 1000
        for e in _events(main)
        if (e.kind, e.old, e.new, e.reason) == ("goroutine", "running", "runnable", "preempted")
    ]

    assert stops[:4] == [11_220, 21_220, 41_220, 61_220]


def test_under_a_quota_it_is_throttled_like_all_others() -> None:
    """On one CPU it does not run while the hog is throttled, and all that it should have seen it sees afterwards."""

    def main(g: G) -> Body:
        yield g.work(ms(200))

    events = _events(main, cpus=1, quota=0.5)
    throttled, since = [], 0
    for event in events:
        if event.kind == "cpu" and event.mid == 0 and event.new == "throttled":
            since = event.at
        if event.kind == "cpu" and event.mid == 0 and event.old == "throttled":
            throttled.append((since // 1000, event.at // 1000))

    assert len(throttled) >= 3
    assert all(end - start > 40_000 for start, end in throttled[1:])  # the first period may have been short
    assert [at for at in _wakings(events) for start, end in throttled if start < at < end] == []
    assert sum((e.mid, e.new) == (-1, "throttled") for e in events if e.kind == "cpu") == len(throttled)


def works(g: G) -> Body:
    """5 ms of CPU time."""
    yield g.work(ms(5))


def yields(g: G) -> Body:
    """Half a millisecond of CPU time."""
    yield g.work(us(500))


def hogs(g: G) -> Body:
    """CPU time without end."""
    yield g.work(ms(10_000))
