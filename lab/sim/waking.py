"""What waking a thread takes, by where it then runs and how long it had slept; and whether a CPU that idles looks so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from lab.sim.costs import Draws
from lab.sim.thread import Cpu, Thread

_GAPS: Final = (5_000, 20_000, 100_000, 1_000_000, 5_000_000)
"""How long a thread has slept, or a CPU idled, when waking was measured, in ns (go_templates/calibrate: wakes)."""


class Waking:
    """Draws of these costs, in ns."""

    def __init__(self, cost: Draws) -> None:
        self._cost = cost
        self.overlooks = cost.is_something("free_wake_same_cpu")
        self._shares = {
            gap: cost.share("free_wake_same_cpu", {"gap": gap, "waker": "busy", "prev": "same"})
            for gap in _GAPS
        }

    def there(self, thread: Thread, now: int) -> tuple[int, int]:
        """What the call takes the waker, and when from its beginning the thread runs, on another CPU that idles."""
        place = self._place(thread, now, "idle")
        return self._cost("wake_call", place), self._cost("wake_run", place)

    def here(self, thread: Thread, now: int) -> tuple[int, int]:
        """The same on the waker's own CPU; the call is what is left of it when the waker has its CPU back."""
        place = self._place(thread, now, "same")
        run = self._cost("wake_run", place)
        # as it was measured it lasts until the woken thread has slept again
        return max(self._cost("wake_call", place) - run - self.hand_over(), 0), run

    def by_interrupt(self, thread: Thread, now: int) -> int:
        """When a thread runs that an interrupt wakes on a CPU that idles."""
        call, run = self.there(thread, now)
        return max(run - call, 0)

    def in_place(self) -> int:
        """When a woken thread runs that takes another's CPU."""
        return self._cost("wake_run", {"gap": _GAPS[0], "place": "same"})

    def hand_over(self) -> int:
        """One thread stops, and the next of its CPU runs."""
        return self._cost("context_switch", {"how": "yield"})

    def is_overlooked(self, cpu: Cpu, now: int) -> bool:
        """Whether a CPU that idles does not look so, by how long it has, decided once each time that it idles.

        Where a host has put it to sleep, it looks like one that the host has taken away (available_idle_cpu). What was
        measured is by how long the woken thread had slept: the other CPU had idled for that long at least.
        """
        if not self.overlooks:
            return False
        idle = max(now - cpu.idle_since, 1)
        gap = min(_GAPS, key=lambda each: abs(math.log(each / idle)))
        return cpu.chance < self._shares[gap]

    def _place(self, thread: Thread, now: int, place: str) -> Mapping[str, int | str]:
        return {"gap": min(max(now - thread.slept_at, _GAPS[0]), _GAPS[-1]), "place": place}
