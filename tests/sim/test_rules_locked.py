"""Rules of goroutines that are locked to a thread, and of init. Each sequence was taken from go1.27.3."""

from typing import Any

from lab.sim import Body, G, ms
from tests.observed import ended, observed, says


def test_a_locked_receiver_lets_each_sender_go_on_first() -> None:
    """The other thread runs on until it blocks: no value is received ahead (tried with go1.27.3: 20 of 20)."""

    def main(g: G) -> Body:
        yield g.lock_os_thread()
        chan = g.chan()
        for number in range(3):
            yield g.go(sender, chan, number)
        for _ in range(3):
            g.observe("at", (yield chan.recv()))
        yield g.sleep(ms(2))

    def sender(g: G, chan: Any, number: int) -> Body:
        yield chan.send(number)
        g.observe("at", f"sent {number}")

    assert observed(main) == ["sent 2", 2, "sent 0", 0, "sent 1", 1]


def test_a_locked_main_that_waits_for_ever_is_a_deadlock() -> None:
    """Its thread waits, too (P=1, 2, 4; tried with go1.27.3: 20 of 20 each)."""

    def main(g: G) -> Body:
        yield g.lock_os_thread()
        yield g.chan().recv()

    assert [ended(main, procs).outcome for procs in (1, 2, 4)] == ["deadlock"] * 3


def test_what_an_init_starts_runs_when_main_first_waits() -> None:
    """On one P an init that does not wait is not interrupted (tried with go1.27.3: 20 of 20)."""

    def init(g: G) -> Body:
        g.observe("at", "init")
        yield g.go(says, "started by init")
        yield g.work(ms(1))
        g.observe("at", "init ends")

    def main(g: G) -> Body:
        g.observe("at", "main")
        yield g.sleep(ms(2))

    assert observed(main, inits=(init,)) == ["init", "init ends", "main", "started by init"]


def test_a_bare_start_has_no_thread_but_two() -> None:
    """Main's and sysmon's; at main.main the runtime has cloned one a P besides."""

    def main(g: G) -> Body:
        yield g.work(0)

    def threads(*, is_bare: bool) -> list[int]:
        return [ended(main, procs, is_bare=is_bare).statistics.threads for procs in (1, 2)]

    assert threads(is_bare=False) == [3, 4]
    assert threads(is_bare=True) == [2, 2]
