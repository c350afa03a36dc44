"""A row of the table of rates: how often something happens in so many simulations, and within which bounds."""

import functools
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Source = np.random.Generator


@dataclass(frozen=True, slots=True)
class Rate:
    """One row: how often *happens* is true in *n* simulations, and between what that must lie."""

    what: str
    setting: str
    nominal: str
    n: int
    low: float
    high: float
    happens: Callable[[Source], bool]

    def measured(self) -> float:
        """The share, which is the same each time."""
        return _share(self)


@functools.cache
def _share(row: Rate) -> float:
    seed = int.from_bytes(hashlib.sha256(f"{row.what} {row.setting}".encode()).digest()[:8], "big")
    source = np.random.default_rng(seed)
    return sum(row.happens(source) for _ in range(row.n)) / row.n


def rate(
    what: str,
    setting: str,
    nominal: float,
    happens: Callable[[Source], bool],
    *,
    n: int = 2000,
) -> Rate:
    """It happens as often as *nominal*."""
    three = 3 * math.sqrt(nominal * (1 - nominal) / n)
    return Rate(what, setting, f"{nominal:.0%}", n, nominal - three, nominal + three, happens)


def at_most(
    what: str, setting: str, nominal: float, happens: Callable[[Source], bool], *, n: int = 2000
) -> Rate:
    """It happens as often as *nominal* at most."""
    three = 3 * math.sqrt(nominal * (1 - nominal) / n)
    return Rate(what, setting, f"at most {nominal:.0%}", n, 0.0, nominal + three, happens)


def between(
    what: str,
    setting: str,
    bounds: tuple[float, float],
    happens: Callable[[Source], bool],
    *,
    nominal: str = "",
    n: int = 2000,
) -> Rate:
    """It happens as often as it was found to."""
    return Rate(what, setting, nominal, n, *bounds, happens)
