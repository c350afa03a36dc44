"""How reading a goroutine dump grows with its goroutines.

Run it with ``nox -s benchmarks``. Ten times the goroutines may take little more than ten times as long, whether they are all in one
group or each waits for another's Once; both are judged as a ratio of one run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from lab.dump import digested

_FEW, _MANY, _ROUNDS = 1_000, 10_000, 5
_MOST = 15.0
"""Times as long for ten times as many."""


def main() -> int:
    """Print each time and ratio; 1 where one is too large."""
    ratios = []
    for name, write in (("alike", _alike), ("a ring of Onces", _ring)):
        few, many = (_seconds(write(count)) for count in (_FEW, _MANY))
        ratios.append(many / few)
        print(
            f"{name:16} {_FEW} goroutines {few:.4f} s   {_MANY} {many:.4f} s   ratio {many / few:.1f} (at most {_MOST:g})"
        )
    return int(max(ratios) > _MOST)


def _alike(count: int) -> str:
    return _text(count, lambda _: "main.f(0x1)\n\t/src/main.go:1 +0x1\nmain.main()\n\t/src/main.go:2 +0x1\n")


def _ring(count: int) -> str:
    def stack(number: int) -> str:
        waits, has = 0x1000 + 16 * ((number + 1) % count), 0x1000 + 16 * number
        return (
            f"sync.(*Mutex).lockSlow({waits + 4:#x})\n\t/go/mutex.go:1\nsync.(*Once).doSlow(0x1?, 0x2)\n\t/go/once.go:1\n"
            f"main.f()\n\t/src/main.go:1\nsync.(*Once).doSlow({has:#x}, 0x0?)\n\t/go/once.go:2\n"
        )

    return _text(count, stack)


def _text(count: int, stack: Callable[[int], str]) -> str:
    return "".join(f"goroutine {number} [sync.Mutex.Lock]:\n{stack(number)}\n" for number in range(count))


def _seconds(text: str) -> float:
    times = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        digested(text)
        times.append(time.process_time() - begun)
    return statistics.median(times)


if __name__ == "__main__":
    raise SystemExit(main())
