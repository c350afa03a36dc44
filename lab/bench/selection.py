"""From what a user asked for to the cells of a run, or to a sentence that says what would be right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lab.bench.command import refuse_contradiction
from lab.errors import EnvironmentRefusedError, UnknownNameError, UsageError
from lab.golang import toolchain
from lab.model.instrument import PLAIN, WITH
from lab.model.level import Level, matches
from lab.model.matrix import Cell, Selector, default_cells, looked_at, plain_cell, product_cells
from lab.model.scenario import GO_RELEASE, Factor, Scenario
from lab.model.units import rounded_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which cells: lists of levels as text by factor (none: the manifest's default cells), then patterns over ids.

    The instruments that the list of the factor ``with`` names are added to the cells that the others choose.
    """

    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    selector: Selector = field(default_factory=Selector)
    quick: bool = False
    tuned: bool = False
    """Whether cells for which the machine itself has to be changed are among the default ones."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a request: the *key* of it (a factor's name, ``only``; empty for all of it), and what would be right."""

    key: str
    error: UsageError


def select(scenario: Scenario, request: Request) -> tuple[Cell, ...]:
    """The cells of *request*. UsageError names unknown factors, levels and patterns that match nothing: the first of them."""
    found: list[Mistake] = []
    cells = _selected(scenario, request, found)
    if found:
        raise found[0].error
    return cells


def mistakes(scenario: Scenario, request: Request) -> tuple[Mistake, ...]:
    """All that is wrong with *request*. Which cells it leaves is looked at only where every level is one."""
    found: list[Mistake] = []
    _selected(scenario, request, found)
    return tuple(found)


def _selected(scenario: Scenario, request: Request, found: list[Mistake]) -> tuple[Cell, ...]:
    """The cells of *request*, with what is wrong with it added to *found*."""
    given = {name: _levels(scenario, name, texts, found) for name, texts in request.lists.items()}
    if found:
        return ()
    instruments = given.pop(WITH, ())
    if given:
        plain = product_cells(scenario, given)
    else:
        plain = default_cells(scenario, quick=request.quick, tuned=request.tuned)
    cells = tuple(_looked_at(scenario, plain, instruments, found))
    try:
        wanted = tuple(cell for cell in cells if request.selector(cell, plain_cell(scenario, cell)))
    except UsageError as error:
        found.append(Mistake("only", error))
        return ()
    if not wanted:
        none_left = UsageError(
            f"--only and --skip leave none of the {len(cells)} cells of {scenario.name}",
            hint=f"cells: {', '.join(cell.id for cell in cells)}",
        )
        found.append(Mistake("only", none_left))
    for cell in wanted:
        try:
            refuse_contradiction(scenario, cell)
        except UsageError as error:
            found.append(Mistake("", error))
    return wanted


def _looked_at(
    scenario: Scenario, cells: Sequence[Cell], instruments: Sequence[Level], found: list[Mistake]
) -> Iterator[Cell]:
    """*cells*, and behind each those in which an instrument looks at it. That one can look at none of them is a mistake."""
    wished = [each for each in instruments if each.text != PLAIN]
    refused: dict[str, list[str]] = {each.text: [] for each in wished}
    for cell in cells:
        yield cell
        for each in wished:
            if why := scenario.unattachable(cell.levels, each.text):
                refused[each.text].append(why)
            else:
                yield looked_at(scenario, cell, each)
    for name, reasons in refused.items():
        if len(reasons) == len(cells):
            error = UsageError(
                f"{scenario.name} has no cell that {name} could look at: {'; '.join(dict.fromkeys(reasons))}",
                hint="choose other cells, or leave it out of --with",
            )
            found.append(Mistake(WITH, error))


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


def _levels(scenario: Scenario, name: str, texts: Sequence[str], found: list[Mistake]) -> tuple[Level, ...]:
    try:
        factor = scenario.factor(name)
    except KeyError:
        known = [f.name for f in scenario.factors]
        found.append(Mistake(name, UnknownNameError(f"factor of {scenario.name}", name, known)))
        return ()
    levels = []
    for text in texts:
        try:
            levels.append(_level(scenario, factor, text))
        except UsageError as error:
            found.append(Mistake(name, error))
    return tuple(levels)


def _level(scenario: Scenario, factor: Factor, text: str) -> Level:
    if factor.name == GO_RELEASE:
        return _release(scenario, factor, text)
    try:
        return factor.level(text)
    except ValueError as error:
        if factor.open:
            said = str(error)
            raise UsageError(said if said.startswith(factor.name) else f"{factor.name}: {said}") from None
        known = [level.text for level in factor.levels]
        raise UnknownNameError(f"level of {factor.name}", text, known) from None


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
