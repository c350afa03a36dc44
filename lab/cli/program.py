"""``golab run program``: measure a user's own program, or find out where its start is stuck."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lab.cli.choices import (
    Base,
    Cpusets,
    Folders,
    Gomaxprocs,
    Memories,
    Only,
    Quotas,
    Releases,
    Sets,
    Settings,
    Skip,
    request,
)
from lab.cli.run import DEFAULT_MAX_TIME, INTERRUPTED, RUNS_FAILED, app, refuse_json, tell
from lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lab.analysis import Analysis
    from lab.model.units import Nanos

_STUCK = 1
"""The exit code of a check that failed: with --stuck-after the question is whether the start is stuck."""


@app.command("program")
def program(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of a Go package main, in a module.")
    ],
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- ARGS]", help="The program's own arguments.", show_default=False),
    ] = None,
    *,
    gomaxprocs: Gomaxprocs = None,
    go: Releases = None,
    quota: Quotas = None,
    cpuset: Cpusets = None,
    memory: Memories = None,
    godebug: Settings = None,
    fs: Folders = None,
    sets: Sets = None,
    only: Only = None,
    skip: Skip = None,
    env: Annotated[
        list[str] | None,
        typer.Option(help="NAME=VALUE: a variable of its environment.", show_default=False),
    ] = None,
    time_limit: Annotated[str, typer.Option(help="How long a replicate may run.")] = "10s",
    stop_after: Annotated[
        str | None,
        typer.Option(
            help="For what never ends by itself: send it SIGTERM after this long, such as 3s.",
            show_default=False,
        ),
    ] = None,
    stuck_after: Annotated[
        str | None,
        typer.Option(
            help="Do not measure: say whose init runs when the start takes longer than this, such as 5s.",
            show_default=False,
        ),
    ] = None,
    runs: Annotated[int | None, typer.Option(min=1, help="Replicates a cell (default: 10).")] = None,
    max_time: Annotated[
        str, typer.Option(help="Stop measuring after this long, such as 90s or 5m.")
    ] = DEFAULT_MAX_TIME,
    seed: Annotated[
        int | None, typer.Option(help="Seed of the order (default: a fresh one, recorded).")
    ] = None,
    engine: Annotated[Literal["auto", "docker", "host"], typer.Option(help="Where programs run.")] = "auto",
    base: Base = "auto",
    cgo: Annotated[
        bool, typer.Option("--cgo", help="Build it with a C compiler, linked statically.")
    ] = False,
    modcache: Annotated[
        Path | None,
        typer.Option(help="The module cache (default: as go env GOMODCACHE has it).", show_default=False),
    ] = None,
    results: Annotated[
        Path | None,
        typer.Option(help="Where records go (default: results/ of the lab, else ./golab-results)."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few replicates.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait for another golab that measures on this machine.")] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, as `golab schema run` (or `start`) documents it.")
    ] = False,
) -> None:
    """Measure a Go program of your own: duration, start-up, scheduling and blocking, in a table and a record."""
    from lab import guest, pipeline
    from lab.cli.progress import Reporter
    from lab.golang.module import module_cache

    order = pipeline.ProgramOrder(
        program=guest.Program(
            folder=folder,
            time_limit=_duration("--time-limit", time_limit),
            arguments=tuple(arguments or ()),
            variables=_variables(env or []),
            cgo=cgo,
            modules=modcache or module_cache(os.environ, Path.home()),
            stop_after=None if stop_after is None else _duration("--stop-after", stop_after),
            stuck_after=None if stuck_after is None else _duration("--stuck-after", stuck_after),
        ),
        request=request(
            given={
                "gomaxprocs": gomaxprocs,
                "go": go,
                "quota": quota,
                "cpuset": cpuset,
                "memory": memory,
                "godebug": godebug,
                "fs": fs,
            },
            sets=sets,
            only=only,
            skip=skip,
            quick=quick,
        ),
        amount=guest.Amount(
            replicates=runs,
            max_time=_duration("--max-time", max_time),
            seed=secrets.randbelow(2**32) if seed is None else seed,
        ),
        means=pipeline.Means(engine=engine, results=results, wait=wait, calibrate=False, base=base),
    )
    if dry_run:
        refuse_json(as_json=as_json)
        typer.echo("\n".join(pipeline.foretell_program(context.obj, order)))
        return
    with Reporter() as reporter:
        finished = pipeline.run_program(context.obj, order, reporter)
    if order.program.stuck_after is None:
        tell(finished, as_json=as_json, check=False)
    else:
        _tell_start(finished, as_json=as_json)


def _tell_start(finished: Analysis, *, as_json: bool) -> None:
    """Print how the starts went; end with 1 where one is stuck, with 6 where one cannot be told."""
    from lab.model.start import Started
    from lab.published_start import start_result
    from lab.report.dump import dump_lines
    from lab.report.start import start_lines
    from lab.report.text import printable
    from lab.start import starts_of
    from lab.store import RunFolder

    starts = tuple(starts_of(RunFolder(finished.folder)))
    if as_json:
        typer.echo(start_result(finished.plan.run, finished.title, starts).model_dump_json(indent=1))
    else:
        dumps = {cell.id: dump_lines(cell.dump.digest) for cell in finished.cells if cell.dump}
        for start in starts:
            typer.echo("\n".join(map(printable, start_lines(start, dumps.get(start.cell, ())))))
        typer.echo(f"record: {finished.folder}")
    if finished.stopped_by == "interrupted":
        raise typer.Exit(INTERRUPTED)
    ends = {start.started for start in starts}
    if ends - {Started.BEGAN, Started.STUCK} or not starts:
        raise typer.Exit(RUNS_FAILED)
    if Started.STUCK in ends:
        raise typer.Exit(_STUCK)


def _duration(option: str, text: str) -> Nanos:
    from lab.model.units import duration_from_text

    try:
        found = duration_from_text(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None
    if found <= 0:
        raise UsageError(f"{option}: {text} is no time at all", hint=f"for example {option} 5s")
    return found


def _variables(entries: list[str]) -> Mapping[str, str]:
    found = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not name or not equals:
            raise UsageError(f"--env {entry!r} is not NAME=VALUE", hint="for example --env PORT=8080")
        found[name] = value
    return found
