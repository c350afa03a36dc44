"""``golab doctor``: what this machine lacks for a measurement, why it matters, and what helps."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from lab.cli.catalogue import AsJson

if TYPE_CHECKING:
    from lab.doctor import Facts, Finding

_STEAL_SECONDS: Final = 0.5
_COLOURS: Final = {"ok": "green", "note": "blue", "spoils": "yellow", "prevents": "red"}


def doctor(
    context: typer.Context,
    *,
    aa: Annotated[
        bool,
        typer.Option(
            "--aa", help="Measure how often this machine tells the same from itself; takes a minute."
        ),
    ] = False,
    engine: Annotated[
        Literal["auto", "docker", "host"], typer.Option(help="With --aa: where programs run.")
    ] = "auto",
    wait: Annotated[bool, typer.Option(help="Wait for another golab that measures on this machine.")] = True,
    as_json: AsJson = False,
) -> None:
    """Look for what can spoil or prevent a measurement here.

    Exit code 0: nothing stands in the way; 1: something spoils measurements; 4: nothing can be measured.
    """
    if aa:
        _false_alarms(context.obj, engine, wait=wait, as_json=as_json)
        return
    from lab import doctor as judgement

    found = judgement.findings(_facts())
    code = judgement.exit_code(found)
    if as_json:
        from lab.published import DoctorFinding, DoctorResult

        lines = [
            DoctorFinding(
                subject=each.subject, verdict=each.verdict, found=each.found, why=each.why, remedy=each.remedy
            )
            for each in found
        ]
        typer.echo(DoctorResult(format=1, exit_code=code, findings=lines).model_dump_json(indent=1))
    else:
        _print(found)
    raise typer.Exit(code)


def _false_alarms(
    root: Path | None, engine: Literal["auto", "docker", "host"], *, wait: bool, as_json: bool
) -> None:
    """Exit with 1 where false alarms are certainly more than they should be."""
    from lab import pipeline
    from lab.cli.progress import Reporter
    from lab.model.falsealarm import NOMINAL
    from lab.publish import false_alarms_result
    from lab.report.falsealarm import false_alarm_lines

    with Reporter() as reporter:
        found = pipeline.check_false_alarms(root, engine, reporter, wait=wait, seed=secrets.randbelow(2**32))
    code: Literal[0, 1] = 1 if any(each.is_too_many for each in found.metrics) else 0
    if as_json:
        typer.echo(false_alarms_result(found, NOMINAL, code).model_dump_json(indent=1))
    else:
        for line in false_alarm_lines(found, NOMINAL):
            typer.echo(line)
    raise typer.Exit(code)


def _print(found: list[Finding]) -> None:
    width = max(len(each.subject) for each in found)
    for each in found:
        verdict = typer.style(f"{each.verdict:<8}", fg=_COLOURS[each.verdict])
        typer.echo(f"{each.subject:<{width}}  {verdict}  {each.found}")
        if each.verdict != "ok":
            typer.echo(f"{'':{width}}            {each.why}")
        if each.remedy:
            typer.echo(f"{'':{width}}            → {each.remedy}")


def _facts() -> Facts:
    """Everything that is asked, from this machine as it is now."""
    from lab.doctor import Facts
    from lab.engine import address, debian
    from lab.golang import toolchain
    from lab.host import environment, facts
    from lab.pipeline import cache_folder

    cache = cache_folder()
    nearest = next(folder for folder in (cache, *cache.parents) if os.access(folder, os.F_OK))
    system = os.uname()
    engine, why, remedy = _engine()
    base = debian.kept(cache)
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    return Facts(
        system=system.sysname,
        architecture=system.machine,
        is_root=os.geteuid() == 0,
        machine=environment.describe(),
        engine=engine,
        engine_why=why,
        engine_elsewhere=address.elsewhere(engine) if engine else "",
        engine_remedy=remedy,
        containers=engine["containers_running"] if engine else 0,
        tools={name: shutil.which(name, path=path) is not None for name in ("debootstrap", "gcc")},
        load=facts.load(),
        pressure=facts.pressure(),
        steal=facts.steal(_STEAL_SECONDS),
        ptrace_scope=facts.ptrace_scope(),
        has_tracefs=facts.has_tracefs(),
        perf_paranoid=facts.perf_paranoid(),
        has_hardware_counters=facts.has_hardware_counters(),
        has_apparmor=facts.has_apparmor(),
        base=len(base.packages) if base else None,
        go_releases=toolchain.fetched(cache),
        cache=str(cache),
        is_cache_writable=os.access(nearest, os.W_OK | os.X_OK),
        free_bytes=shutil.disk_usage(nearest).free,
        file_system=facts.file_system(nearest.resolve()),
    )


def _engine() -> tuple[dict[str, Any] | None, str, str]:
    """What the engine says of itself, one line about it, and else what would help."""
    from lab.engine.choose import choose
    from lab.errors import LabError
    from lab.pipeline import cache_folder

    try:
        with choose("docker", cache_folder(), environ=os.environ) as chosen:
            return dict(chosen.engine.describe()), chosen.why, ""
    except LabError as error:
        return None, str(error), error.hint or ""
