"""Samples with known truths: log-normal between and within processes, as measured durations are."""

import math
import random
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from lab.model.outcome import Bound, Estimate, Inconclusive
from lab.stats.process import PerProcess, Repetitions

_T = TypeVar("_T")

ICC = 0.35
"""Of the repetitions of one process, as measured on real cells."""


def one_each(values: Sequence[float]) -> PerProcess:
    """A one-shot metric: each value is a process's only one."""
    return Repetitions([(value,) for value in values]).only()


def log_normal(source: random.Random, centre: float, sigma: float, n: int) -> PerProcess:
    """*n* processes around *centre*."""
    return one_each([centre * math.exp(source.gauss(0, sigma)) for _ in range(n)])


def clustered(
    source: np.random.Generator, processes: int, repetitions: int, *, sigma: float = 0.5, icc: float = ICC
) -> Repetitions:
    """Log-normal around 1 with *sigma* of the logarithm in all, of which the share *icc* is between processes."""
    between = source.normal(0, sigma * math.sqrt(icc), (processes, 1))
    within = source.normal(0, sigma * math.sqrt(1 - icc), (processes, repetitions))
    return Repetitions(np.exp(between + within).tolist())


def known(found: _T | Inconclusive | Bound | None) -> _T:
    """What was found, where something must be."""
    assert found is not None
    assert not isinstance(found, Inconclusive | Bound), found
    return found


def held(found: Estimate, truth: float) -> bool:
    """Whether the interval holds the truth."""
    assert found.low is not None
    assert found.high is not None
    return found.low <= truth <= found.high
