"""Who waits for whom, on stacks written out."""

from lab.dump import digested
from lab.model.dump import Awaited, Evidence, Knot, Wait

_LOCK = (
    "internal/sync.(*Mutex).lockSlow({})\n\t/go/mutex.go:1\nsync.(*Mutex).Lock(...)\n\t/go/mutex.go:2\n"
    "sync.(*Once).doSlow(0x0?, 0x2)\n\t/go/once.go:74\n"
)
_RUN = "main.f()\n\t/src/main.go:1\nsync.(*Once).doSlow({}, 0x0?)\n\t/go/once.go:78\n"


def _waiting(goroutine: int, once: int, *inside: str) -> str:
    """A goroutine that waits for a Once, inside those that it runs."""
    stack = _LOCK.format(hex(once + 4)) + "".join(_RUN.format(word) for word in inside)
    return f"goroutine {goroutine} [sync.Mutex.Lock]:\n{stack}\n"


def _busy(goroutine: int, once: str) -> str:
    return f"goroutine {goroutine} [select (no cases)]:\n{_RUN.format(once)}\n"


def _once(
    goroutine: int, once: int, holders: tuple[int, ...], evidence: Evidence, possible: tuple[int, ...] = ()
) -> Wait:
    return Wait(
        awaited=Awaited.ONCE,
        address=once,
        count=1,
        goroutines=(goroutine,),
        holders=holders,
        evidence=evidence,
        possible=holders if evidence.is_certain else possible,
    )


def test_an_address_in_force_names_the_holder() -> None:
    """Of several goroutines that run Onces, the one whose address is printed; the others are free of it."""
    digest = digested(_waiting(1, 0x100) + _busy(2, "0x200") + _busy(3, "0x100"))

    assert digest.waits == (_once(1, 0x100, (3,), Evidence.ADDRESS),)


def test_an_address_in_force_also_excludes() -> None:
    """What runs another Once for certain cannot have this one: one is left."""
    digest = digested(_waiting(1, 0x100) + _busy(2, "0x200") + _busy(3, "0x0?"))

    assert digest.waits == (_once(1, 0x100, (3,), Evidence.ONLY),)


def test_an_address_that_may_be_out_of_date_is_no_proof() -> None:
    """It names a likely holder; that none of them can go on is certain by who is possible, in a dump that is whole."""
    text = _waiting(1, 0x100, "0x200?") + _waiting(2, 0x200, "0x100?")
    whole, part = digested(text), digested(text, cut=True)

    assert whole.waits == (
        _once(1, 0x100, (2,), Evidence.MARKED, (1, 2)),
        _once(2, 0x200, (1,), Evidence.MARKED, (1, 2)),
    )
    assert whole.knots == (Knot(count=2, goroutines=(1, 2), certain=True, ordered=True),)
    assert [wait.possible for wait in part.waits] == [(), ()]
    assert part.knots == (Knot(count=2, goroutines=(1, 2), certain=False, ordered=True),)


def test_the_line_that_called_a_once_makes_a_holder_likely() -> None:
    """It called the same one there, unless it calls several; one of sync.OnceFunc's own says nothing."""
    at = "main.{}()\n\t/src/main.go:{}\n"

    def waiting(goroutine: int, once: int, line: int) -> str:
        return _waiting(goroutine, once).rstrip("\n") + "\n" + at.format("get", line) + "\n"

    def busy(goroutine: int, line: int, outside: str = "") -> str:
        return _busy(goroutine, "0x0?").rstrip("\n") + "\n" + outside + at.format("get", line) + "\n"

    both = busy(3, 20) + busy(4, 30)
    func = "sync.OnceFunc.func1()\n\t/go/src/sync/oncefunc.go:22\n"

    assert digested(waiting(1, 0x100, 30) + both).waits == (_once(1, 0x100, (4,), Evidence.CALL, (3, 4)),)
    assert digested(waiting(1, 0x100, 99) + both).waits == (
        _once(1, 0x100, (3, 4), Evidence.SEVERAL, (3, 4)),
    )
    assert digested(waiting(1, 0x100, 30) + waiting(2, 0x200, 30) + both).waits == (
        _once(1, 0x100, (3, 4), Evidence.SEVERAL, (3, 4)),
        _once(2, 0x200, (3, 4), Evidence.SEVERAL, (3, 4)),
    )
    assert digested(waiting(1, 0x100, 30) + busy(3, 20) + busy(4, 30, func)).waits == (
        _once(1, 0x100, (3, 4), Evidence.SEVERAL, (3, 4)),
    )


def test_a_circle_of_addresses_is_a_knot_in_order() -> None:
    """Each waits for the next, the last for the first; who waits behind it is not in it."""
    digest = digested(
        _waiting(4, 0x300, "0x100")
        + _waiting(2, 0x100, "0x200")
        + _waiting(3, 0x200, "0x300")
        + _waiting(9, 0x200)
    )

    assert digest.knots == (Knot(count=3, goroutines=(2, 4, 3), certain=True, ordered=True),)
    assert [(wait.goroutines, wait.holders) for wait in digest.waits] == [
        ((3, 9), (2,)),
        ((2,), (4,)),
        ((4,), (3,)),
    ]


def test_what_cannot_be_seen_may_hold_it() -> None:
    """One stack that was not printed, or a line that was not understood, and exclusion says nothing."""
    plain = _waiting(1, 0x100) + _busy(2, "0x0?")
    unseen = (
        "goroutine 3 [running]:\n\tgoroutine running on other thread; stack unavailable\n"
        "created by main.main\n\t/src/main.go:1\n\n"
    )

    assert digested(plain).waits == (_once(1, 0x100, (2,), Evidence.ONLY),)
    for text in (plain + unseen, plain + "words of the program\n"):
        assert digested(text).waits == (_once(1, 0x100, (), Evidence.UNTOLD),)
    assert digested(plain, cut=True).waits == (_once(1, 0x100, (), Evidence.UNTOLD),)


def test_one_that_was_woken_in_lock_may_have_been_given_it() -> None:
    """A goroutine that is runnable inside Lock holds the mutex already where it was handed over."""
    woken = _waiting(2, 0x100).replace("[sync.Mutex.Lock]", "[runnable]")

    assert digested(_waiting(1, 0x100) + woken).waits == (_once(1, 0x100, (2,), Evidence.ONLY),)


def test_of_very_many_that_may_have_it_none_is_named() -> None:
    """“One of these hundred” is no answer, and would cost a square of them."""
    text = _waiting(1, 0x100) + "".join(_busy(number, "0x0?") for number in range(2, 102))

    assert digested(text).waits == (_once(1, 0x100, (), Evidence.UNTOLD),)
