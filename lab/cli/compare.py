"""``golab compare``: a run against its prediction, or against another run."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from lab.cli import completion
from lab.cli.runs import Results, tell_missing
from lab.errors import UsageError
from lab.model.matrix import matches_any

if TYPE_CHECKING:
    from lab.analysis import Analysis
    from lab.model.outcome import Verdict
    from lab.report.terminal import Page
    from lab.sheet import Sheet
    from lab.store import Store

FAILED = 1
INCONCLUSIVE = 3


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which metrics are looked at: shell patterns over cell ids and metric names; how a cell ends has a name, too."""

    cells: tuple[str, ...]
    metrics: tuple[str, ...]

    def __call__(self, cell: str, metric: str) -> bool:
        return matches_any(cell, self.cells) and matches_any(metric, self.metrics)

    def of(self, run: Analysis) -> Analysis:
        """The run with nothing else in it. UsageError where nothing is left."""
        from lab.model.outcome import Outcome
        from lab.quality import quality
        from lab.report.view import ENDING

        narrowed = [
            replace(
                cell,
                metrics=tuple(each for each in cell.metrics if self(cell.id, each.name)),
                outcome=cell.outcome if self(cell.id, ENDING) else Outcome(),
            )
            for cell in run.cells
        ]
        cells = tuple(cell for cell in narrowed if cell.metrics or cell.told_outcome)
        if not cells:
            raise UsageError(
                "--only and --metric leave nothing of the run",
                hint=f"cells: {', '.join(cell.id for cell in run.cells)}",
            )
        return replace(run, cells=cells, quality=quality(cells, seed=run.plan.seed))


Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Exit with 1 where something disagrees, with 3 where something is not decided."
    ),
]


def compare(
    context: typer.Context,
    old: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A run: its folder, its name or enough of it; or a file in the Go benchmark format.",
            autocompletion=completion.runs,
        ),
    ],
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="[B]",
            help="Another, measured later (default: A's prediction).",
            autocompletion=completion.runs,
        ),
    ] = None,
    *,
    only: Annotated[
        list[str] | None, typer.Option(help="Only cells whose id matches this pattern.", show_default=False)
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Only metrics whose name matches this pattern.", show_default=False),
    ] = None,
    margin: Annotated[
        float,
        typer.Option(
            help="How far benchmark files may be apart, as a share; runs have their manifest's margins."
        ),
    ] = 0.15,
    check: Check = False,
    force: Annotated[bool, typer.Option("--force", help="Compare runs of different programs, too.")] = False,
    results: Results = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: `golab schema run`, or `compare` for two runs.")
    ] = False,
) -> None:
    """Say whether a run holds what was predicted, or what is different from another run."""
    from lab.analysis import analyse
    from lab.pipeline import open_store
    from lab.sheet import is_sheet

    store = open_store(context.obj, results)
    wanted = _Wanted(tuple(only or ("*",)), tuple(metric or ("*",)))
    if any(is_sheet(name) for name in (old, new) if name is not None):
        verdicts = _sheets(old, new, store, wanted, margin, as_json=as_json)
        if check and (code := exit_code(verdicts)):
            raise typer.Exit(code)
        return
    first = analyse(store.find(old))
    if new is None:
        verdicts = _against_prediction(first, wanted, as_json=as_json)
    else:
        verdicts = _against_run(first, analyse(store.find(new)), wanted, force=force, as_json=as_json)
    if check and (code := exit_code(verdicts)):
        raise typer.Exit(code)


def exit_code(verdicts: Iterable[Verdict]) -> int:
    """What ``--check`` ends with: 0 where all agree (intersection-union), 1 for a disagreement, else 3.

    Nothing to be judged is no agreement: a gate that looks at nothing must not pass.
    """
    from lab.model.outcome import Verdict
    from lab.stats.family import all_agree

    found = tuple(verdicts)
    together = all_agree(found) if found else Verdict.INCONCLUSIVE
    return {Verdict.AGREES: 0, Verdict.DISAGREES: FAILED, Verdict.INCONCLUSIVE: INCONCLUSIVE}[together]


def _sheets(
    old: str, new: str | None, store: Store, wanted: _Wanted, margin: float, *, as_json: bool
) -> tuple[Verdict, ...]:
    """Benchmark files, or one of them and a run as its export would be."""
    from lab.publish import versus_result
    from lab.report.terminal import show_versus
    from lab.sheet import versus, warnings

    if new is None:
        raise UsageError(
            f"{old} is a benchmark file: it holds no prediction to be compared with",
            hint="give a second one, or a run",
        )
    if not 0 < margin < 1:
        raise UsageError(f"--margin {margin:g} is no share between 0 and 1")
    sheets = [_sheet(name, store) for name in (old, new)]
    for words in warnings(sheets):
        typer.echo(f"golab: {words}", err=True)
    found = versus(sheets[0], sheets[1], margin, wanted)
    if not found.cells:
        raise UsageError(
            f"{old} and {new} have no benchmark and unit in common",
            hint="their names have to be the same, sub-names and all",
        )
    if as_json:
        typer.echo(versus_result(found).model_dump_json(indent=1))
    else:
        show_versus(found, sys.stdout, warning="")
    return found.verdicts


def _sheet(name: str, store: Store) -> Sheet:
    from lab.analysis import analyse
    from lab.sheet import is_sheet, read_sheet, sheet_of

    if is_sheet(name):
        return read_sheet(name)
    folder = store.find(name)
    found = analyse(folder)
    tell_missing(found)
    return sheet_of(folder, found)


def _against_prediction(run: Analysis, wanted: _Wanted, *, as_json: bool) -> tuple[Verdict, ...]:
    from lab.publish import run_result
    from lab.report import view
    from lab.report.terminal import show_run

    narrowed = wanted.of(run)
    if as_json:
        typer.echo(run_result(narrowed).model_dump_json(indent=1))
    else:
        show_run(run_page(narrowed), narrowed.cells, sys.stdout)
    return view.verdicts(narrowed.cells)


def _against_run(
    old: Analysis, new: Analysis, wanted: _Wanted, *, force: bool, as_json: bool
) -> tuple[Verdict, ...]:
    from lab import setup
    from lab.publish import versus_result
    from lab.report.terminal import show_versus
    from lab.versus import versus

    refusal = setup.refusal(old.plan, new.plan)
    if refusal and not force:
        raise UsageError(
            f"{old.plan.run} and {new.plan.run} cannot be compared: {refusal}",
            hint="--force compares what they have in common anyhow",
        )
    for each in (old, new):
        tell_missing(each)
    found = versus(old, new, wanted)
    if as_json:
        typer.echo(versus_result(found).model_dump_json(indent=1))
    else:
        show_versus(found, sys.stdout, warning=refusal)
    return found.verdicts


def run_page(run: Analysis) -> Page:
    """What stands around the table of a run."""
    from lab.report.terminal import Page

    plan = run.plan
    quick = ", quick" if plan.quick else ""
    return Page(
        title=f"{run.title}\n{plan.scenario} on engine {plan.engine}, seed {plan.seed}{quick}",
        claims=run.claims,
        notes=run.notes,
        quality=run.quality,
    )
