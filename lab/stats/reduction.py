"""Processes reduced as they come: a few numbers of each, whatever the number of repetitions.

What :meth:`Repetitions.reduced`, :func:`~lab.stats.correlation.correlation` and :func:`~lab.stats.trend.trend` want to
know of each process, without looking at its repetitions again: these are kept as bare numbers, for tails alone. Processes with equally many repetitions wait for each
other and are reduced together, as the rows of an array: a process costs a few microseconds.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from lab.stats.correlation import Moments
from lab.stats.process import LARGEST, STATISTICS, PerProcess, _per_process
from lab.stats.tail import Pooled
from lab.stats.trend import LEAST_REPETITIONS

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Column = np.ndarray[tuple[int], np.dtype[np.float64]]

_WAITING: Final = 4096
"""Repetitions that wait for others before they are reduced together."""
_KEPT: Final = ("count", "mean", "square", "log_mean", "log_square", "change")
"""Of each process with more than one repetition; the logarithm's are nan where a value is not positive."""


class Reduction:
    """Takes processes one by one, and at any time says what is known of them, in the order they came."""

    def __init__(self, statistics: Iterable[str]) -> None:
        self._wanted: Final = tuple(dict.fromkeys(statistics))
        if unknown := set(self._wanted) - set(STATISTICS):
            raise ValueError(f"no statistic is called {min(unknown)!r}")
        self._waiting: dict[int, tuple[array[int], array[float]]] = {}
        self._held = 0
        self._places = array("l")
        self._values = {name: array("d") for name in self._wanted}
        self._several = array("l")
        self._kept = {name: array("d") for name in _KEPT}
        self._alone = array("d")
        self._pooled = array("d")
        self._sizes = array("l")
        self.processes = 0
        self.repetitions = 0
        self.fewest = 0
        """Repetitions that the process with the fewest gave."""

    def add(self, repetitions: Sequence[float]) -> None:
        """One process. ValueError where it has no values, or one that is not finite."""
        n = len(repetitions)
        if n == 0:
            raise ValueError("a process has no values: leave it out")
        waiting = self._waiting.get(n)
        if waiting is None:
            waiting = self._waiting[n] = (array("l"), array("d"))
        try:
            waiting[1].extend(repetitions)
        except OverflowError:
            raise ValueError("a process has a value beyond a double's range") from None
        waiting[0].append(self.processes)
        self.fewest = min(self.fewest, n) if self.processes else n
        self.processes += 1
        self.repetitions += n
        self._held += n
        if self._held >= _WAITING:
            self._reduce()

    def per_process(self, statistic: str) -> PerProcess:
        """One of the wanted statistics of each process."""
        self._reduce()
        values = np.asarray(self._values[statistic])
        return _per_process(values[np.argsort(self._places)].tolist())

    def changes(self) -> PerProcess:
        """Each process's :func:`~lab.stats.trend.half_ratio`, where it has one."""
        self._reduce()
        changes = np.asarray(self._kept["change"])
        return _per_process(changes[np.isfinite(changes)].tolist())

    def moments(self) -> Moments | None:
        """For :func:`~lab.stats.correlation.correlation_of`; None where no process gave more than one value."""
        self._reduce()
        if not self._several:
            return None
        alone = np.asarray(self._alone)
        kept = {name: np.asarray(column) for name, column in self._kept.items()}
        on_logs = not np.isnan(kept["log_mean"]).any() and (not alone.size or alone.min() > 0)
        prefix = "log_" if on_logs else ""
        means = np.log(alone) if on_logs else alone
        return Moments(
            counts=[*kept["count"].astype(int).tolist(), *([1] * alone.size)],
            means=[*kept[f"{prefix}mean"].tolist(), *means.tolist()],
            squares=[*kept[f"{prefix}square"].tolist(), *([0.0] * alone.size)],
            scale="log" if on_logs else "plain",
        )

    def pooled(self) -> Pooled:
        """All repetitions together, for what is asked of them as such: tails."""
        self._reduce()
        return Pooled(np.asarray(self._pooled), np.asarray(self._sizes))

    def _reduce(self) -> None:
        waiting, self._waiting, self._held = self._waiting, {}, 0
        for n, (places, values) in waiting.items():
            matrix: Matrix = np.frombuffer(values).reshape(-1, n)
            if not (np.abs(matrix) <= LARGEST).all():
                raise ValueError("a process has a value that is not finite: not something that was measured")
            self._places.extend(places)
            self._pooled.extend(values)
            self._sizes.frombytes(np.full(len(places), n).tobytes())
            ordered = np.sort(matrix, axis=1)
            for name, column in self._values.items():
                column.frombytes(_at(ordered, STATISTICS[name]).tobytes())
            if n == 1:
                self._alone.extend(values)
            else:
                self._several.extend(places)
                for name, found in zip(_KEPT, _described(matrix), strict=True):
                    self._kept[name].frombytes(found.tobytes())


def _described(matrix: Matrix) -> tuple[Column, ...]:
    """The columns of ``_KEPT``, one entry a row."""
    n = matrix.shape[1]
    positive = matrix.min(axis=1) > 0
    logs = np.full_like(matrix, np.nan)
    np.log(matrix, out=logs, where=positive[:, np.newaxis])
    counts = np.full(len(matrix), float(n))
    return (counts, *_moments(matrix), *_moments(logs), _changes(matrix))


def _moments(matrix: Matrix) -> tuple[Column, Column]:
    means = matrix.mean(axis=1)
    squares = ((matrix - means[:, np.newaxis]) ** 2).sum(axis=1)
    squares[matrix.max(axis=1) == matrix.min(axis=1)] = 0.0
    return means, squares


def _changes(matrix: Matrix) -> Column:
    n = matrix.shape[1]
    changes = np.full(len(matrix), np.nan)
    if n < LEAST_REPETITIONS:
        return changes
    first = _at(np.sort(matrix[:, : n // 2], axis=1), 0.5)
    second = _at(np.sort(matrix[:, -(n // 2) :], axis=1), 0.5)
    positive = (first > 0) & (second > 0)
    changes[positive] = np.log(second[positive]) - np.log(first[positive])
    return changes


def _at(ordered: Matrix, q: float) -> Column:
    """The *q*-quantile of each row; the same as :func:`lab.stats.process.quantile`."""
    position = q * (ordered.shape[1] - 1)
    below = int(position)
    above = min(below + 1, ordered.shape[1] - 1)
    found: Column = ordered[:, below] + (ordered[:, above] - ordered[:, below]) * (position - below)
    return found
