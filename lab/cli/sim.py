"""``golab sim``: simulate a program that a user wrote."""

from __future__ import annotations

import ast
import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from lab.cli.choices import Costs, Sets
from lab.errors import UsageError

_Item = TypeVar("_Item")


def sim(
    program: Annotated[Path, typer.Argument(help="A Python file with main(g).")],
    *,
    gomaxprocs: Annotated[str, typer.Option(help="Levels of GOMAXPROCS, such as auto,1,2.")] = "auto",
    cpus: Annotated[str, typer.Option(help="CPUs of the simulated machine; several levels by commas.")] = "2",
    quota: Annotated[str, typer.Option(help="CPUs' worth of time; only none yet.")] = "none",
    go: Annotated[str, typer.Option(help="Go releases, such as 1.27.")] = "1.27",
    reps: Annotated[int, typer.Option(min=1, help="Repetitions of each cell.")] = 1,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 1,
    sets: Sets = None,
    max_time: Annotated[str, typer.Option(help="Simulated time after which it is a timeout.")] = "60s",
    max_events: Annotated[int, typer.Option(min=1, help="Events after which it is a timeout.")] = 50_000_000,
    costs: Costs = "auto",
    timeline: Annotated[bool, typer.Option("--timeline", help="Draw what each P ran, in text.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Simulate a program on the Go scheduler, in virtual time."""
    from lab import shelf
    from lab.model.units import duration_from_text
    from lab.sim.cells import Settings, draw_cells, run_cells

    if not program.is_file():
        raise UsageError(f"{program} is no file", hint="give a Python file that defines main(g)")
    if quota != "none":
        raise UsageError(
            f"--quota {quota}: quotas are not simulated yet", hint="leave it out, or --quota none"
        )
    settings = Settings(
        gomaxprocs=_list("--gomaxprocs", gomaxprocs, lambda text: None if text == "auto" else int(text)),
        cpus=_list("--cpus", cpus, int),
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
    if any((cell["gomaxprocs"] != "auto") and cell["gomaxprocs"] > cell["cpus"] for cell in result["cells"]):
        typer.echo(
            "note: more Ps than CPUs, and in this model no thread waits for a CPU yet: times are too short",
            err=True,
        )
    if as_json:
        typer.echo(json.dumps(result))
        return
    if timeline:
        typer.echo(draw_cells(program, settings, used_costs, _columns()))
        typer.echo()
    for cell in result["cells"]:
        _show(cell)
    used = result["costs"]
    typer.echo(f"costs: {used['id']}" + ("" if used["calibrated"] else ", uncalibrated: another machine's"))


def _columns() -> int:
    """As wide as the terminal, and wide enough to be read."""
    return min(max(shutil.get_terminal_size((100, 24)).columns - 17, 40), 200)


def _show(cell: dict[str, Any]) -> None:
    from lab.model.units import duration_to_text

    ends = ", ".join(f"{count} {outcome}" for outcome, count in cell["outcomes"].items())
    walls = [wall for wall in cell["wall_ns"] if wall is not None]
    span = f", wall time {duration_to_text(min(walls))} … {duration_to_text(max(walls))}" if walls else ""
    typer.echo(f"gomaxprocs {cell['gomaxprocs']}, cpus {cell['cpus']}, go {cell['go']}: {ends}{span}")
    for message, count in Counter(filter(None, cell["messages"])).items():
        typer.echo(f"  {count} times: {message}")
    for name, repetitions in cell["observations"].items():
        values = [value for each in repetitions for value in each]
        numbers = [value for value in values if isinstance(value, int | float)]
        if len(numbers) == len(values) > 0:
            text = duration_to_text if name.endswith("_ns") else (lambda value: f"{value:g}")
            typer.echo(f"  {name}: {text(min(numbers))} … {text(max(numbers))} ({len(numbers)} values)")
        else:
            typer.echo(f"  {name}: {len(values)} values")


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
