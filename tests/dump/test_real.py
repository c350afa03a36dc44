"""Dumps of real programs, as several Go releases write them."""

import pytest

from lab.dump import digested, parsed
from lab.model.dump import Awaited, Digest, Evidence, Goroutine
from tests.dump.conftest import RELEASES, Dumped

pytestmark = [pytest.mark.go, pytest.mark.slow]

_WORDS = {
    "main.lockMutex": "sync.Mutex.Lock",
    "main.lockToWrite": "sync.RWMutex.Lock",
    "main.lockToRead": "sync.RWMutex.RLock",
    "main.lockSecond": "sync.Mutex.Lock",
    "main.waitForOnce": "sync.Mutex.Lock",
    "main.waitForWord": "sync.Cond.Wait",
    "main.receive": "chan receive",
    "main.receiveNil": "chan receive (nil chan)",
    "main.send": "chan send",
    "main.sendNil": "chan send (nil chan)",
    "main.choose": "select",
    "main.sleep": "sleep",
    "main.stayOnThread": "select (no cases)",
    "main.readNetwork": "IO wait",
    "main.readKernel": "syscall",
    "main.(*list[...]).take": "chan receive",
    "main.holdMutex": "select (no cases)",
}
"""A way of blocking, and what all releases call it."""


def _named(digest: Digest) -> dict[str, str]:
    return {group.at.function: group.state for group in digest.groups if group.at and not group.of_runtime}


def _by_function(goroutines: tuple[Goroutine, ...]) -> dict[str, Goroutine]:
    return {frame.function: one for one in goroutines for frame in one.frames}


@pytest.mark.parametrize("release", RELEASES)
def test_each_way_of_blocking_has_its_word(dumped: Dumped, release: str) -> None:
    """A signal's dump is understood to its last line, and says of each goroutine what it waits for."""
    digest = digested(dumped(release, "every"))

    named = _named(digest)
    assert digest.unread == ()
    assert digest.head[0] == "SIGQUIT: quit"
    assert {function: named.get(function) for function in _WORDS} == _WORDS
    assert named["main.waitForAll"] == ("semacquire" if release == "1.22.10" else "sync.WaitGroup.Wait")
    assert not digest.cut


@pytest.mark.parametrize("release", RELEASES)
def test_equal_goroutines_are_one_group(dumped: Dumped, release: str) -> None:
    """A thousand waiters for one lock come first, as one group; what the runtime runs for itself comes last."""
    digest = digested(dumped(release, "every"))

    most = digest.groups[0]
    assert (most.count, most.state, most.at and most.at.function) == (
        1000,
        "sync.Mutex.Lock",
        "main.lockMutex",
    )
    assert digest.groups[-1].of_runtime
    assert "GC scavenge wait" in {group.state for group in digest.groups if group.of_runtime}


@pytest.mark.parametrize("release", RELEASES)
def test_a_stack_is_read_with_its_places(dumped: Dumped, release: str) -> None:
    """Functions with files and lines, who created a goroutine and where, and which stays on its thread."""
    goroutines = _by_function(parsed(dumped(release, "every")).goroutines)

    sleeper = goroutines["main.sleep"]
    asleep = next(frame for frame in sleeper.frames if frame.function == "time.Sleep")
    assert asleep.file.endswith("runtime/time.go")
    assert asleep.line > 0
    assert asleep.offset is not None
    assert asleep.address == 3_600_000_000_000  # an hour, as its argument
    assert sleeper.created_by is not None
    assert (sleeper.created_by.function, sleeper.created_by.goroutine) == ("main.every", 1)
    assert sleeper.created_by.file.endswith("main.go")
    assert goroutines["main.stayOnThread"].locked
    assert not sleeper.locked


@pytest.mark.parametrize("release", RELEASES)
def test_who_waits_for_whom_where_it_can_be_told(dumped: Dumped, release: str) -> None:
    """The Once's waiter waits for who runs it, the reader for the writer before it; who holds a Mutex, Go does not keep."""
    text = dumped(release, "every")
    goroutines = _by_function(parsed(text).goroutines)
    waits = {one: wait for wait in digested(text).waits for one in wait.goroutines}

    def told(function: str) -> tuple[Awaited, tuple[int, ...], Evidence]:
        wait = waits[goroutines[function].id]
        assert wait.address is not None
        return wait.awaited, wait.holders, wait.evidence

    assert told("main.waitForOnce") == (Awaited.ONCE, (goroutines["main.runOnce"].id,), Evidence.ONLY)
    assert told("main.lockToRead") == (
        Awaited.READING,
        (goroutines["main.lockToWrite"].id,),
        Evidence.ADDRESS,
    )
    assert told("main.lockToWrite") == (Awaited.WRITING, (), Evidence.UNTOLD)
    assert told("main.lockSecond") == (Awaited.WRITING, (), Evidence.UNTOLD)
    assert told("main.lockMutex") == (Awaited.MUTEX, (), Evidence.UNTOLD)
    assert told("main.waitForAll") == (Awaited.WAIT_GROUP, (), Evidence.UNTOLD)
    assert told("main.waitForWord") == (Awaited.CONDITION, (), Evidence.UNTOLD)
    assert told("main.send") == (Awaited.SENDING, (), Evidence.UNTOLD)
    assert waits[goroutines["main.lockToWrite"].id].address == waits[goroutines["main.lockToRead"].id].address
    assert digested(text).knots == ()


@pytest.mark.parametrize("release", RELEASES)
def test_a_once_in_its_own_function_waits_for_itself(dumped: Dumped, release: str) -> None:
    """A deadlock's dump leaves out the runtime's calls; that nobody else can hold the Once says it all the same."""
    digest = digested(dumped(release, "nested"))

    (wait,) = digest.waits
    (knot,) = digest.knots
    assert digest.head == ("fatal error: all goroutines are asleep - deadlock!",)
    assert (wait.goroutines, wait.awaited, wait.holders, wait.evidence) == (
        (1,),
        Awaited.ONCE,
        (1,),
        Evidence.ONLY,
    )
    assert (knot.goroutines, knot.certain, knot.ordered) == ((1,), True, True)


@pytest.mark.parametrize("release", RELEASES)
def test_crossed_onces_are_a_knot_whichever_holds_which(dumped: Dumped, release: str) -> None:
    """Which of two goroutines holds which Once the dump does not say; that neither can go on, it does."""
    digest = digested(dumped(release, "crossed"))

    crossing = {one for wait in digest.waits for one in wait.goroutines}
    (knot,) = digest.knots
    assert len(crossing) == 2
    assert {wait.evidence for wait in digest.waits} == {Evidence.SEVERAL}
    assert len({wait.address for wait in digest.waits}) == 2
    assert (set(knot.goroutines), knot.certain, knot.ordered) == (crossing, True, False)


@pytest.mark.parametrize("release", RELEASES)
def test_onces_that_are_called_at_one_line_each_tell_who_likely_holds_which(
    dumped: Dumped, release: str
) -> None:
    """Each waits at the line at which the other was let in."""
    digest = digested(dumped(release, "accessors"))

    (knot,) = digest.knots
    assert {wait.evidence for wait in digest.waits} == {Evidence.CALL}
    assert {(*wait.goroutines, *wait.holders) for wait in digest.waits} == {
        knot.goroutines,
        knot.goroutines[::-1],
    }
    assert (knot.count, knot.certain, knot.ordered) == (2, True, True)


@pytest.mark.parametrize("release", RELEASES)
def test_who_waits_behind_another_is_in_no_knot(dumped: Dumped, release: str) -> None:
    """Goroutine 1 waits for one that waits for nothing that another has."""
    digest = digested(dumped(release, "behind"))

    (wait,) = digest.waits
    assert (wait.goroutines, wait.evidence) == ((1,), Evidence.ONLY)
    assert wait.holders != (1,)
    assert digest.knots == ()


@pytest.mark.parametrize("release", RELEASES)
def test_a_mutex_locked_twice_has_no_holder_to_name(dumped: Dumped, release: str) -> None:
    """Go keeps nobody's name in a Mutex, so nobody is named."""
    digest = digested(dumped(release, "relock"))

    (wait,) = digest.waits
    assert (wait.awaited, wait.holders, wait.evidence) == (Awaited.MUTEX, (), Evidence.UNTOLD)
    assert wait.address is not None


@pytest.mark.parametrize("release", RELEASES)
def test_a_panic_has_a_dump_too(dumped: Dumped, release: str) -> None:
    """Its text is the head, its goroutine the only one."""
    digest = digested(dumped(release, "panic"))

    (group,) = digest.groups
    assert digest.head == ("panic: out of order",)
    assert (group.state, group.count) == ("running", 1)
    assert group.at is not None
    assert group.at.function == "main.main.func1"
    assert digest.unread == ()
