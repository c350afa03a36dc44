"""Rules of the run queues: who runs after whom on one P. Each sequence was taken from go1.27.3."""

import itertools

import pytest

from lab.sim import Body, G, ms
from tests.observed import observed, runs, says


def _many(g: G, *, count: int) -> Body:
    yield g.sleep(ms(5))
    for number in range(count):
        yield g.go(says, number)
    yield g.sleep(ms(10))


def _local_and_global(seen: list[int], first_local: int, global_: set[int]) -> tuple[list[int], list[int]]:
    """The order among those that stayed on the P (from *first_local* on), and among those that spilled."""
    assert seen[0] == first_local
    return [n for n in seen if n not in global_], [n for n in seen if n in global_]


def test_a_queue_holds_256_and_runnext() -> None:
    """257 goroutines stay on their P: the last first, the others in order (tried with go1.27.3: 20 of 20)."""
    assert runs(observed(_many, params={"count": 257})) == [256, (0, 255)]


def test_the_258th_sends_half_of_the_queue_to_the_global_one() -> None:
    """The 128 oldest, and after them the one that runnext kicked out, run last (tried with go1.27.3: 20 of 20)."""
    seen = observed(_many, params={"count": 258})

    local, spilled = _local_and_global(seen, 257, {*range(128), 256})
    assert runs(local) == [257, (128, 255)]
    assert runs(spilled) == [(0, 127), 256]
    assert runs(seen)[-2:] == [(2, 127), 256]


def test_a_queue_that_spilled_has_room_for_127_more() -> None:
    """386 goroutines spill once (tried with go1.27.3: 20 of 20)."""
    seen = observed(_many, params={"count": 386})

    local, spilled = _local_and_global(seen, 385, {*range(128), 256})
    assert runs(local) == [385, (128, 255), (257, 384)]
    assert runs(spilled) == [(0, 127), 256]


def test_the_387th_makes_it_spill_again() -> None:
    """Of the 258 that spilled a P takes 128 at once, two having come before (tried with go1.27.3: 20 of 20)."""
    seen = observed(_many, params={"count": 387})

    local, spilled = _local_and_global(seen, 386, {*range(257), 385})
    assert runs(local) == [386, (257, 384)]
    assert runs([n for n in spilled if n <= 128 or n == 256]) == [(0, 127), 256, 128]
    assert runs([n for n in spilled if 128 < n < 256 or n == 385]) == [(129, 255), 385]


def test_every_61st_round_looks_at_the_global_queue() -> None:
    """Between two turns of a goroutine that yields, 60 of the local queue run (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.sleep(ms(2))
        for number in range(200):
            yield g.go(says, number)
        for _ in range(3):
            yield g.gosched()
            g.observe("at", "main")
        yield g.sleep(ms(5))

    seen = observed(main)

    turns = [place for place, value in enumerate(seen) if value == "main"]
    assert [later - earlier - 1 for earlier, later in itertools.pairwise(turns)] == [60, 60]


def test_the_global_queue_comes_in_between_every_60_locals() -> None:
    """Of those that spilled, one in 61 overtakes the local queue (tried with go1.27.3: 20 of 20)."""
    seen = observed(_many, params={"count": 258})

    assert seen.index(1) - seen.index(0) == 61


def test_gosched_goes_round() -> None:
    """Three that yield take turns, the last made first (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        for number in range(3):
            yield g.go(says, number, number, number)
        yield g.sleep(ms(5))

    assert observed(main) == [2, 0, 1, 2, 0, 1, 2, 0, 1]


def test_a_tree_of_go_statements() -> None:
    """Each node starts two: the second is runnext, the first stands in the queue (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.sleep(ms(2))
        yield g.go(node, 1)
        yield g.sleep(ms(5))

    def node(g: G, number: int) -> Body:
        g.observe("at", number)
        if number < 10:
            yield g.go(node, 2 * number)
            yield g.go(node, 2 * number + 1)
        yield g.work(0)

    assert observed(main) == [1, 3, 7, 15, 2, 5, 11, 6, 13, 14, 4, 9, 19, 10, 12, 8, 17, 18, 16]


def test_who_is_woken_is_kicked_out_of_runnext_by_a_go_statement() -> None:
    """And who yields stands behind both, in the global queue (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        gate = g.chan()
        yield g.go(receiver, gate)
        yield g.sleep(ms(2))
        yield gate.send(1)
        yield g.go(says, "new")
        yield g.gosched()
        g.observe("at", "main")
        yield g.sleep(ms(2))

    def receiver(g: G, gate: object) -> Body:
        yield gate.recv()  # type: ignore[attr-defined]
        g.observe("at", "receiver")

    assert observed(main) == ["new", "receiver", "main"]


def test_one_of_the_global_queue_brings_the_others_along() -> None:
    """On one P the whole queue comes over, so what stood behind is local before what is made then (tried: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.sleep(ms(2))
        yield g.go(says, "a", "a")
        yield g.gosched()
        yield g.go(says, "b")
        yield g.go(says, "c")
        yield g.sleep(ms(2))

    assert observed(main) == ["a", "c", "a", "b"]


@pytest.mark.parametrize("locked", [False, True])
def test_a_locked_goroutine_yields_like_any_other(locked: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Behind all that its P has (locked; tried with go1.27.3: 20 of 20)."""

    def main(g: G, *, locked: bool) -> Body:
        if locked:
            yield g.lock_os_thread()
        yield g.sleep(ms(2))
        for number in range(5):
            yield g.go(says, number)
        yield g.gosched()
        g.observe("at", "main")
        yield g.sleep(ms(2))

    assert observed(main, params={"locked": locked}) == [4, 0, 1, 2, 3, "main"]


def test_a_mutex_handed_over_puts_its_giver_behind_the_local_queue_only() -> None:
    """Goyield: after the 130 that wait on this P, before the rest that had spilled (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        mu = g.mutex()
        yield mu.lock()
        yield g.go(waiter, mu)
        yield g.sleep(ms(5))
        yield mu.unlock()
        yield mu.lock()  # before the waiter, which has now waited for too long
        yield g.gosched()
        for number in range(258):
            yield g.go(says, number)
        yield mu.unlock()
        g.observe("at", "main")
        yield g.sleep(ms(5))

    def waiter(g: G, mu: object) -> Body:
        yield mu.lock()  # type: ignore[attr-defined]
        g.observe("at", "waiter")
        yield mu.unlock()  # type: ignore[attr-defined]

    seen = observed(main)

    assert [seen[0], *runs(seen[seen.index(257) :])] == ["waiter", 257, "main", (2, 127), 256]
