"""Wait until nobody else uses the machine: what is measured beside other work is refused, or wide."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from lab.host import facts

_BUSY_PERCENT: Final = 5.0
"""Of the last ten seconds in which something waited for a CPU."""
_LOOK_SECONDS: Final = 2.0


def rest(
    seconds: float,
    say: Callable[[str], object],
    *,
    pressure: Callable[[], float | None] = facts.pressure,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Say so where the machine is busy, and wait for at most so long until it is not. Where nobody can tell, it is not."""
    waited, told = 0.0, False
    while (busy := pressure() or 0.0) > _BUSY_PERCENT:
        state = f"the machine is busy: in {busy:g} % of the last ten seconds something waited for a CPU"
        if waited >= seconds:
            say(f"{state}; what is measured now will be vague, or refused")
            return
        if not told:
            say(f"{state}; waiting for at most {seconds:g} s until it comes to rest")
            told = True
        sleep(_LOOK_SECONDS)
        waited += _LOOK_SECONDS
