"""A dump in sentences."""

from lab.dump import digested, shortened
from lab.model.dump import CellDump
from lab.model.outcome import CellSummary
from lab.report.dump import dump_lines, dumps


def _goroutine(number: int, state: str, *calls: str) -> str:
    stack = "".join(f"{call}\n\t/src/{number}.go:{number} +0x1\n" for call in calls)
    return f"goroutine {number} [{state}]:\n{stack}\n"


def _waiter(number: int, once: int, *outside: str) -> str:
    lock = ("sync.(*Mutex).lockSlow(" + hex(once + 4) + ")", "sync.(*Once).doSlow(0x1?, 0x2)")
    return _goroutine(number, "sync.Mutex.Lock", *lock, "main.f()", *outside)


def test_groups_say_how_many_wait_for_how_long_and_where() -> None:
    """One minute is no “up to”; of very many the first are named; what is the runtime's own is not told."""
    text = "".join(
        [
            *(_goroutine(number, "chan receive, 3 minutes", "main.f()") for number in range(1, 10)),
            _goroutine(20, "sleep, 1 minutes", "time.Sleep(0x1)", "main.g()"),
            "goroutine 30 [GC sweep wait]:\nruntime.gopark()\n\t/go/proc.go:1\ncreated by runtime.gcenable\n\t/go/mgc.go:1\n\n",
        ]
    )

    assert dump_lines(digested(text)) == (
        "9 goroutines [chan receive, up to 3 minutes] in main.f (1.go:1): 1, 2, 3, 4, 5, 6, …",
        "1 goroutine [sleep, 1 minutes] in main.g (20.go:20): 20",
    )


def test_a_stack_of_the_library_alone_is_named_by_where_it_begins() -> None:
    """Two kinds of goroutines of net/http that both wait for the network are told apart, and a signal's dump is as a deadlock's."""
    poll = ("runtime.gopark(0x1)", "internal/poll.runtime_pollWait(0x1)", "internal/poll.(*FD).Read(0x1)")
    text = _goroutine(1, "IO wait", *poll, "net/http.(*conn).serve(0x1)") + _goroutine(
        2,
        "IO wait",
        *poll,
        "net/http.(*persistConn).readLoop(0x1)",
        "net/http.(*Transport).dialConn.gowrap2()",
    )

    assert dump_lines(digested(text)) == (
        "1 goroutine [IO wait] in net/http.(*conn).serve (1.go:1): 1",
        "1 goroutine [IO wait] in net/http.(*persistConn).readLoop (2.go:2): 2",
    )


def test_each_way_to_wait_has_its_sentence() -> None:
    """For whom, by what, and how that is known."""
    locked = _goroutine(1, "sync.Mutex.Lock", "sync.(*Mutex).lockSlow(0x500)", "main.f()")
    late = _goroutine(
        2, "sync.RWMutex.RLock", "runtime.semacquire1(0x60c)", "sync.(*RWMutex).RLock(...)", "main.f()"
    )
    first = _goroutine(
        3, "sync.RWMutex.Lock", "runtime.semacquire1(0x608)", "sync.(*RWMutex).Lock(0x1?)", "main.f()"
    )
    busy = _goroutine(5, "select", "main.g()", "sync.(*Once).doSlow(0x100, 0x0?)")

    assert dump_lines(digested(locked + late + first + _waiter(4, 0x100) + busy))[5:] == (
        (
            "goroutine 2 waits for the sync.RWMutex 0x600 to read behind goroutine 3, which waits to write"
            " (the dump prints the same address in its stack)"
        ),
        "goroutine 4 waits for goroutine 5, which is in the sync.Once 0x100 (the dump prints the same address in its stack)",
        "goroutine 1 waits for the sync.Mutex 0x500; a dump does not say who has it",
        "goroutine 3 waits for the sync.RWMutex 0x600 to write; a dump does not say who has it",
    )


def test_each_knot_has_its_sentence() -> None:
    """One that waits for itself, a circle in its order, and a circle that an address out of date is part of."""
    own = _waiter(1, 0x100, "sync.(*Once).doSlow(0x100, 0x0?)")
    circle = _waiter(2, 0x200, "sync.(*Once).doSlow(0x300, 0x0?)") + _waiter(
        3, 0x300, "sync.(*Once).doSlow(0x200, 0x0?)"
    )
    doubtful = circle.replace("(0x300, ", "(0x300?, ").replace("(0x200, ", "(0x200?, ")

    assert dump_lines(digested(own))[1:] == (
        (
            "goroutine 1 waits for itself: it is in the sync.Once 0x100 that it calls again"
            " (the dump prints the same address in its stack)"
        ),
        "goroutine 1 can never go on: it waits for itself",
    )
    assert dump_lines(digested(circle))[-1] == "goroutines that can never go on: 2 for 3, 3 for 2"
    assert dump_lines(digested(doubtful))[-1] == "goroutines that can never go on: 2 for 3, 3 for 2"
    assert dump_lines(digested(doubtful, cut=True))[-2] == (
        "goroutines that can never go on: 2 for 3, 3 for 2, if those are right of which it is only likely"
    )


def test_a_cells_dump_is_told_in_a_few_lines() -> None:
    """The most of it, how much more there is, and where the whole text is."""
    text = "".join(_goroutine(number, "sleep", f"main.f{number}()") for number in range(1, 31))
    found = CellDump(
        position=7, ending="timeout", file="dumps/7.txt", digest=shortened(digested(text, cut=True))
    )
    cell = CellSummary(id="stuck", levels={}, outcomes={"timeout": 1}, reasons={}, metrics=(), dump=found)

    assert dumps([cell]) == (
        "stuck: where goroutines were when its first replicate ended in timeout (dumps/7.txt of the record):",
        *(f"  1 goroutine [sleep] in main.f{n} ({n}.go:{n}): {n}" for n in range(1, 5)),
        "  and 26 goroutines in smaller groups",
        "  the dump is not whole: goroutines may be missing, so nothing is concluded from who is left",
    )
