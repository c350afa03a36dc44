"""How a program came to its main.main, or whose init it did not get out of."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from lab.model.dump import Goroutine
from lab.model.units import Nanos


class Started(enum.Enum):
    """What became of a start."""

    BEGAN = "began"
    """main.main was reached."""
    STUCK = "stuck"
    """It was not, and nothing can be expected to change that: the time was up, or the runtime found all goroutines asleep."""
    ENDED = "ended"
    """The program ended before."""
    UNSEEN = "unseen"
    """No replicate ran, or none told anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Init:
    """The inits of one package: when they began, counted from the process's start, and how long they took; None where they never ended."""

    package: str
    begun: Nanos
    took: Nanos | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One replicate's start. ``inits`` are in their order; ``main`` is when main.main began, counted from the process's start.

    ``lasted`` is how long the process lived, ``within`` the package whose inits had begun and not ended, empty if there is none;
    ``goroutine`` the one that runs them, where a dump shows it; ``detail`` how the replicate ended.
    """

    cell: str
    started: Started
    lasted: Nanos
    inits: Sequence[Init]
    main: Nanos | None
    within: str
    goroutine: Goroutine | None
    detail: str
