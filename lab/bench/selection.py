"""From what a user asked for to the cells of a run, or to a sentence that says what would be right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lab.bench.command import refuse_contradiction
from lab.errors import EnvironmentRefusedError, UnknownNameError, UsageError
from lab.golang import toolchain
from lab.model.level import Level
from lab.model.matrix import Cell, Selector, default_cells, product_cells
from lab.model.scenario import GO_RELEASE, Factor, Scenario, matches
from lab.model.units import rounded_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which cells: lists of levels as text by factor (none: the manifest's default cells), then patterns over ids."""

    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    selector: Selector = field(default_factory=Selector)
    quick: bool = False
    tuned: bool = False
    """Whether cells for which the machine itself has to be changed are among the default ones."""


def select(scenario: Scenario, request: Request) -> tuple[Cell, ...]:
    """The cells of *request*. UsageError names unknown factors, levels and patterns that match nothing."""
    if request.lists:
        given = {name: _levels(scenario, name, texts) for name, texts in request.lists.items()}
        cells = product_cells(scenario, given)
    else:
        cells = default_cells(scenario, quick=request.quick, tuned=request.tuned)
    wanted = tuple(filter(request.selector, cells))
    if not wanted:
        raise UsageError(
            f"--only and --skip leave none of the {len(cells)} cells of {scenario.name}",
            hint=f"cells: {', '.join(cell.id for cell in cells)}",
        )
    for cell in wanted:
        refuse_contradiction(scenario, cell)
    return wanted


def touched_bytes(scenario: Scenario, cell: Cell) -> int:
    """How much memory a replicate of *cell* has in use at once, by what the manifest says it touches."""
    touched = scenario.touched
    if touched is None or not matches(touched.where, cell.levels):
        return 0
    value = cell.levels[touched.factor].value
    assert isinstance(value, int), "the manifest's checks let only bytes through"  # noqa: S101
    return value * touched.times


def refuse_beyond(available: int, scenario: Scenario, cells: Sequence[Cell]) -> None:
    """EnvironmentRefusedError where a cell would touch more than *available* bytes; reservations never count."""
    for cell in cells:
        needed = touched_bytes(scenario, cell) + scenario.limits.memory_bytes
        if touched_bytes(scenario, cell) and needed > available:
            raise EnvironmentRefusedError(
                f"cell {cell.id} touches {rounded_bytes(touched_bytes(scenario, cell))} and needs"
                f" {rounded_bytes(needed)} in all; {rounded_bytes(available)} are available",
                hint="choose a smaller size, or leave the cell out with --skip",
            )


def _levels(scenario: Scenario, name: str, texts: Sequence[str]) -> tuple[Level, ...]:
    try:
        factor = scenario.factor(name)
    except KeyError:
        raise UnknownNameError(
            f"factor of {scenario.name}", name, [f.name for f in scenario.factors]
        ) from None
    if name == GO_RELEASE:
        return tuple(_release(scenario, factor, text) for text in texts)
    levels = []
    for text in texts:
        try:
            levels.append(factor.level(text))
        except ValueError as error:
            if factor.open:
                raise UsageError(f"{name}: {error}") from None
            raise UnknownNameError(
                f"level of {name}", text, [level.text for level in factor.levels]
            ) from None
    return tuple(levels)


def _release(scenario: Scenario, factor: Factor, text: str) -> Level:
    """The release that *text* names in full or, as a ``go`` line does, without its patch: then the newest that the manifest has."""
    named = [level for level in factor.levels if text in (level.text, toolchain.go_line(level.text))]
    if named:
        return max(named, key=lambda level: toolchain.ordered(level.text))
    short = sorted(toolchain.WHEELS, key=toolchain.ordered)
    near = [release for release in short if text in (release, toolchain.go_line(release))]
    hint = f"it names: {', '.join(level.text for level in factor.levels)}"
    if near:
        hint += f"; for Go {near[-1]} add it to releases in the scenario's manifest, if its program compiles there"
    else:
        hint += f"; golab can fetch {', '.join(short)}"
    raise UsageError(f"{scenario.name} names no Go release {text!r}", hint=hint)
