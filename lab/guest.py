"""A user's own program as an experiment: its module, a manifest that the lab writes for it, the cells that its user asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from lab import manifest
from lab.bench import selection
from lab.errors import UsageError
from lab.experiment import Experiment, Part
from lab.golang import module, toolchain
from lab.manifest.guest import INITS, INSTRUMENT, MEASURED, NO_TWIN, Guest, stated
from lab.model.scenario import GO_RELEASE
from lab.model.units import Nanos, duration_to_text
from lab.predict import Twin

_REFUSED: Final = frozenset({"LAB_FD", "LAB_FOLDER", "LAB_INITS", "LAB_TURN"})
"""Variables by which the lab hears of a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A user's program, and how it is to be started.

    ``stop_after`` is when it is told to end by SIGTERM, as servers are; ``stuck_after`` how long its start may take before it is called stuck; None measures the program instead.
    """

    folder: Path
    time_limit: Nanos
    stop_after: Nanos | None = None
    arguments: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    cgo: bool = False
    modules: Path | None = None
    stuck_after: Nanos | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much is measured, and in which order."""

    replicates: int | None
    max_time: Nanos
    seed: int


def experiment(
    program: Program, request: selection.Request, amount: Amount, *, results: Path, base: str
) -> Experiment:
    """The experiment that a user asks for of his program. UsageError where there is none, or none that can be run."""
    if taken := sorted(_REFUSED & set(program.variables)):
        raise UsageError(f"--env {taken[0]}=… is the lab's own", hint="leave it out")
    for text in (*program.arguments, *program.variables, *program.variables.values()):
        if not _is_text(text):
            raise UsageError(f"{text!r} is no UTF-8: a record could not keep it", hint="give it by a file")
    if program.stop_after is not None:
        _refuse_stop(program, program.stop_after)
    own = module.read(program.folder, modules=program.modules, results=results)
    _refuse_releases(own, request.lists.get(GO_RELEASE, ()))
    guest = Guest(
        title=f"{own.path if own.package == '.' else f'{own.path}/{own.package[2:]}'}, a program of its user's own",
        releases=own.releases,
        time_limit=program.stuck_after or program.time_limit,
        stop_after=program.stop_after,
        cgo=program.cgo,
        arguments=program.arguments,
        variables=program.variables,
    )
    content = stated(guest)
    scenario = manifest.read(content, name=own.name, path=Path(f"{own.name}.toml"))
    cells = selection.select(scenario, _instrumented(request, starts=program.stuck_after is not None))
    usual = guest.quick_replicates if request.quick else guest.replicates
    replicates = amount.replicates or (1 if program.stuck_after else usual)
    return Experiment(
        name=own.name,
        title="",
        parts=(Part(scenario, content, Twin(None, NO_TWIN), cells),),
        replicates=replicates,
        most_replicates=replicates,
        max_time=amount.max_time,
        order_seed=amount.seed,
        simulation_seed=amount.seed,
        quick=request.quick,
        asked=_asked(program, request, amount, base),
        own={own.name: own},
        arguments=tuple(program.arguments),
    )


def _refuse_stop(program: Program, stop_after: Nanos) -> None:
    """UsageError where a process would never come to be told to end."""
    if program.stuck_after is not None:
        raise UsageError("--stuck-after looks at the start alone: --stop-after has no place beside it")
    if stop_after >= program.time_limit:
        raise UsageError(
            f"--stop-after {duration_to_text(stop_after)} is not below the time limit,"
            f" {duration_to_text(program.time_limit)}",
            hint="set --time-limit higher",
        )


def _refuse_releases(own: module.Module, texts: Sequence[str]) -> None:
    """UsageError for a release that go.mod, or the overlay, does not go along with, or that there is none of."""
    for text in texts:
        if not any(text in (release, toolchain.go_line(release)) for release in own.releases):
            oldest = ".".join(map(str, module.OLDEST))
            raise UsageError(
                f"--go {text}: {own.path} asks for Go {own.go}, and golab for {oldest} or newer",
                hint=f"there are: {', '.join(own.releases)}",
            )


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _instrumented(request: selection.Request, *, starts: bool) -> selection.Request:
    """The request with the instruments that its user means: those of a run, or the one that sees a start."""
    if starts:
        return replace(request, lists={**request.lists, INSTRUMENT: (INITS,)})
    if request.lists and INSTRUMENT not in request.lists:
        return replace(request, lists={INSTRUMENT: MEASURED, **request.lists})
    return request


def _asked(program: Program, request: selection.Request, amount: Amount, base: str) -> tuple[str, ...]:
    lists = (f"--set={name}={','.join(texts)}" for name, texts in request.lists.items())
    return (
        "run",
        "program",
        str(program.folder.resolve()),
        *(["--quick"] if request.quick else []),
        *lists,
        *(f"--only={pattern}" for pattern in request.selector.only),
        *(f"--skip={pattern}" for pattern in request.selector.skip),
        *([] if amount.replicates is None else [f"--runs={amount.replicates}"]),
        *(f"--env={name}={value}" for name, value in program.variables.items()),
        *(["--cgo"] if program.cgo else []),
        *([] if program.stop_after is None else [f"--stop-after={_exactly(program.stop_after)}"]),
        f"--stuck-after={_exactly(program.stuck_after)}"
        if program.stuck_after
        else f"--time-limit={_exactly(program.time_limit)}",
        f"--seed={amount.seed}",
        *([] if base == "auto" else [f"--base={base}"]),
    )


def _exactly(nanos: Nanos) -> str:
    """A duration that is read as it was, whatever it was."""
    milliseconds, rest = divmod(nanos, 1_000_000)
    return f"{nanos}ns" if rest else f"{milliseconds}ms"
