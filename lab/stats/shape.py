"""Do two samples have the same shape? Distances between pooled distributions, judged by dealing whole processes anew.

All distances are of logarithms, so a distance of 0.1 is about 10 %. Wasserstein's is how far values must be moved on
average; the energy distance (Székely 2003) weighs the whole curve; Kolmogorov and Smirnov's is the largest gap between
the curves, a description without a p-value: with many values it rejects what is 2 % off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lab.model.outcome import Inconclusive, Reason
from lab.model.quality import Shape
from lab.stats.process import Repetitions, processes_of

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

LEAST_PROCESSES: Final = 4
"""On each side: three against three can be dealt in 20 ways, so no p-value is below 0.05."""
_AT_ONCE: Final = 2_000_000


def shape(
    one: Repetitions, other: Repetitions, *, seed: int, permutations: int = 999
) -> Shape | Inconclusive:
    """Distances of two samples' logarithms, and the p-values of "their processes are of one kind".

    Permuted are processes, with all their repetitions; the same seed gives the same. Inconclusive for fewer than four
    processes on a side or values that are not positive. ValueError for fewer than 99 *permutations*.
    """
    ours, theirs = processes_of(one), processes_of(other)
    if permutations < 99:  # noqa: PLR2004 - the smallest p-value is one over one more
        raise ValueError("a permutation test wants 99 permutations or more")
    if min(one.n, other.n) < LEAST_PROCESSES:
        return Inconclusive(
            reason=Reason.TOO_FEW,
            why=f"shapes are compared from {LEAST_PROCESSES} processes on each side;"
            f" there are {one.n} and {other.n}",
            wanted=LEAST_PROCESSES,
        )
    if min(min(each) for each in (*ours, *theirs)) <= 0:
        return Inconclusive(
            reason=Reason.NOT_POSITIVE, why="a value is not positive: shapes are compared on the log scale"
        )
    import numpy as np  # noqa: PLC0415 - not every command needs it

    processes = (*ours, *theirs)
    values = np.log(np.concatenate([np.asarray(each) for each in processes]))
    owners = np.repeat(np.arange(len(processes)), [len(each) for each in processes])
    order = np.argsort(values, kind="stable")
    values, owners = values[order], owners[order]
    is_ours = np.zeros((permutations + 1, len(processes)), dtype=bool)
    is_ours[0, : one.n] = True
    source = np.random.default_rng(seed)
    is_ours[1:] = source.permuted(np.broadcast_to(is_ours[0], (permutations, len(processes))), axis=1)
    rows = max(_AT_ONCE // len(values), 1)
    found = np.concatenate(
        [
            _distances(values, is_ours[start : start + rows, owners])
            for start in range(0, permutations + 1, rows)
        ]
    )
    seen, dealt = found[0], found[1:]
    p = (1 + (dealt >= seen * (1 - 1e-9)).sum(axis=0)) / (permutations + 1)
    return Shape(
        wasserstein=float(seen[0]),
        wasserstein_p=float(p[0]),
        energy=float(seen[1]),
        energy_p=float(p[1]),
        kolmogorov_smirnov=float(seen[2]),
        permutations=permutations,
        processes=(one.n, other.n),
    )


def _distances(values: Array, is_ours: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
    """For each row of *is_ours*: Wasserstein's, the energy and the largest distance of the two distributions.

    *values* are in order; between two of them, the curves' gap does not change.
    """
    import numpy as np  # noqa: PLC0415 - not every command needs it

    ours = np.cumsum(is_ours, axis=1)
    theirs = np.arange(1, len(values) + 1) - ours
    gap = np.abs(ours / ours[:, -1:] - theirs / theirs[:, -1:])[:, :-1]
    steps = np.diff(values)
    found: Array = np.stack(
        [gap @ steps, np.sqrt(2 * (gap**2 @ steps)), np.max(gap * (steps > 0), axis=1, initial=0.0)], axis=1
    )
    return found
