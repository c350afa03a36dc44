"""What a matrix is: which cells of which scenarios are measured as one run, how often, in what order, for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.model.units import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Cells of one scenario: lists of levels by factor (none: the manifest's default cells), then patterns over ids."""

    scenario: str
    levels: Mapping[str, tuple[str, ...]]
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """An experiment over scenarios and factors. ``budget`` is how long measuring may take, builds not counted.

    ``most_replicates`` are
    measured where ``replicates`` leave something imprecise. ``order_seed`` shuffles the blocks, ``simulation_seed`` drives the predictions.
    """

    name: str
    title: str
    entries: tuple[Entry, ...]
    replicates: int
    most_replicates: int
    budget: Nanos
    order_seed: int
    simulation_seed: int
