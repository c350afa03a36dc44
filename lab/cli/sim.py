"""``golab sim``: simulate a program that a user wrote."""

from __future__ import annotations

import ast
import json
import shutil
import statistics
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from lab.cli.choices import Costs
from lab.errors import UsageError
from lab.model.units import duration_from_text, duration_to_text

if TYPE_CHECKING:
    from lab.sim.costs import Costs as UsedCosts

_Item = TypeVar("_Item")
_FEW: Final = 8
"""Values that are shown one by one."""


def sim(
    program: Annotated[Path, typer.Argument(help="A Python file with main(g).")],
    *,
    gomaxprocs: Annotated[str, typer.Option(help="Levels of GOMAXPROCS, such as auto,1,2.")] = "auto",
    cpus: Annotated[str, typer.Option(help="CPUs of the simulated machine; several levels by commas.")] = "2",
    quota: Annotated[
        str, typer.Option(help="CPU quotas, in CPUs' worth of time, such as none,0.5,1.5.")
    ] = "none",
    go: Annotated[str, typer.Option(help="Go releases, such as 1.27.")] = "1.27",
    reps: Annotated[int, typer.Option(min=1, help="Repetitions of each cell.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 1,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE: a parameter of main.", show_default=False),
    ] = None,
    max_time: Annotated[str, typer.Option(help="Simulated time after which it is a timeout.")] = "60s",
    max_events: Annotated[int, typer.Option(min=1, help="Events after which it is a timeout.")] = 50_000_000,
    costs: Costs = "auto",
    timeline: Annotated[bool, typer.Option("--timeline", help="Draw what each P ran, in text.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Simulate a program on the Go scheduler, in virtual time."""
    from lab import shelf
    from lab.sim.cells import Settings, draw_cells, run_cells

    if not program.is_file():
        raise UsageError(f"{program} is no file", hint="give a Python file that defines main(g)")
    settings = Settings(
        gomaxprocs=_list("--gomaxprocs", gomaxprocs, lambda text: None if text == "auto" else int(text)),
        cpus=_list("--cpus", cpus, int),
        quota=_list("--quota", quota, lambda text: None if text == "none" else float(text)),
        go=_list("--go", go, str),
        repetitions=reps,
        seed=seed,
        params=dict(_parameter(entry) for entry in sets or ()),
        max_time=_converted("--max-time", max_time, duration_from_text),
        max_events=max_events,
    )
    if timeline and as_json:
        raise UsageError("--timeline is for reading, --json for programs", hint="give one of them")
    used_costs = shelf.for_simulation(costs)
    result = run_cells(program, settings, used_costs)
    if as_json:
        typer.echo(json.dumps(result))
        return
    if timeline:
        typer.echo(draw_cells(program, settings, used_costs, _columns()))
        typer.echo()
    for cell in result["cells"]:
        _show(cell)
    typer.echo(_costs_line(used_costs))


def _costs_line(costs: UsedCosts) -> str:
    from lab.sim.packaged import PACKAGED

    if not costs.calibrated:
        return f"costs: {costs.identity}, uncalibrated: another machine's"
    missing = sorted(name for name, cost in costs.costs.items() if cost.origin == PACKAGED)
    rest = f"; packaged, of another machine: {', '.join(missing)}" if missing else ""
    return f"costs: {costs.identity}{rest}"


def _columns() -> int:
    """As wide as the terminal, and wide enough to be read."""
    return min(max(shutil.get_terminal_size((100, 24)).columns - 17, 40), 200)


def _show(cell: dict[str, Any]) -> None:
    ends = ", ".join(f"{count} {outcome}" for outcome, count in cell["outcomes"].items())
    walls = [wall for wall in cell["wall_ns"] if wall is not None]
    took = f", wall time {_spread(walls, duration_to_text)}" if walls else ""
    quota = "" if cell["quota"] is None else f", quota {cell['quota']:g}"
    typer.echo(f"gomaxprocs {cell['gomaxprocs']}, cpus {cell['cpus']}{quota}, go {cell['go']}: {ends}{took}")
    for message, count in Counter(filter(None, cell["messages"])).items():
        typer.echo(f"  {message}" + (f" ({count} times)" if count > 1 else ""))
    for name, repetitions in cell["observations"].items():
        values = [value for each in repetitions for value in each]
        typer.echo(f"  {name}: {_spread(values, _text_of(name))}")


def _text_of(name: str) -> Callable[[float], str]:
    return duration_to_text if name.endswith("_ns") else lambda value: f"{value:g}"


def _spread(values: list[Any], text: Callable[[float], str]) -> str:
    """A few values as they are; of many the median and the extremes."""
    if not all(isinstance(value, int | float) for value in values):
        return ", ".join(map(str, values)) if len(values) <= _FEW else f"{len(values)} values"
    if len(values) <= _FEW:
        return ", ".join(map(text, values))
    middle = text(statistics.median(values))
    return f"median {middle}, {text(min(values))} to {text(max(values))} ({len(values)} values)"


def _list(option: str, text: str, convert: Callable[[str], _Item]) -> tuple[_Item, ...]:
    return tuple(_converted(option, item.strip(), convert) for item in text.split(","))


def _converted(option: str, text: str, convert: Callable[[str], _Item]) -> _Item:
    try:
        return convert(text)
    except ValueError as error:
        raise UsageError(f"{option} {text!r}: {error}") from None


def _parameter(entry: str) -> tuple[str, Any]:
    """NAME=VALUE, the value as Python writes it where it can be read so, else as text."""
    name, equals, text = entry.partition("=")
    if not (name and equals):
        raise UsageError(f"--set {entry!r} is not NAME=VALUE", hint="for example --set n=4")
    try:
        return name, ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return name, text
