"""Cells: their ids, the default groups, the products, the patterns."""

from lab.model.level import FactorKind, Level
from lab.model.matrix import Cell, Selector, default_cells, product_cells
from lab.model.scenario import CellGroup, Factor, Limits, Scenario
from lab.model.units import Nanos


def _factor(name: str, levels: tuple[str, ...], prefix: str = "") -> Factor:
    made = tuple(Level(text, text) for text in levels)
    return Factor(
        name=name,
        title=name,
        kind=FactorKind.TEXT,
        levels=made,
        default=made[0],
        reaches="flag",
        prefix=prefix,
    )


def _scenario(*groups: CellGroup) -> Scenario:
    return Scenario(
        name="example",
        title="",
        blocks="",
        look_for="",
        factors=(
            _factor("mode", ("touch", "heap")),
            _factor("size", ("small", "large")),
            _factor("procs", ("auto", "1"), "p"),
        ),
        groups=groups,
        metrics=(),
        limits=Limits(time=Nanos(1), memory_bytes=1, pids=2),
        touched=None,
        most_replicates=1,
        replicates=1,
        quick_replicates=1,
        releases=("1.27.3",),
        expected=(),
        claims=(),
        manifest_sha256="",
    )


def _ids(cells: tuple[Cell, ...]) -> list[str]:
    return [cell.id for cell in cells]


def test_an_id_names_the_first_factor_and_what_differs_from_the_defaults() -> None:
    """The same levels give the same id, however they were chosen."""
    scenario = _scenario()
    given = {
        "mode": [Level("touch", "touch"), Level("heap", "heap")],
        "procs": [Level("auto", "auto"), Level("1", "1")],
    }

    assert _ids(product_cells(scenario, given)) == ["touch", "touch-p1", "heap", "heap-p1"]


def test_groups_that_overlap_give_each_cell_once() -> None:
    """A cell that two groups hold is one cell, in the place of the first."""
    scenario = _scenario(
        CellGroup(name="a", levels={"size": ("small", "large")}),
        CellGroup(name="b", levels={"size": ("large",), "procs": ("auto", "1")}, quick=True),
    )

    assert _ids(default_cells(scenario)) == ["touch", "touch-large", "touch-large-p1"]
    assert _ids(default_cells(scenario, quick=True)) == ["touch-large", "touch-large-p1"]


def test_a_skip_wins_over_an_only() -> None:
    """Patterns are the shell's, over whole ids."""
    select = Selector(only=("touch*",), skip=("*p1",))

    wanted = [select(Cell("example", identity, {})) for identity in ("touch", "touch-p1", "heap", "a-touch")]

    assert wanted == [True, False, False, False]
