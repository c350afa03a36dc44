"""What a shell offers: scenario names, factors and their levels, cell ids, schemas. A mistake offers nothing, silently."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from lab.errors import LabError

if TYPE_CHECKING:
    from lab.model.scenario import Scenario


def scenarios(context: typer.Context, incomplete: str) -> list[str]:
    """Names of scenarios."""
    from lab import catalogue

    with contextlib.suppress(LabError, OSError):
        return _fitting(catalogue.find(_root(context), Path.cwd()).names(), incomplete)
    return []


def matrices(context: typer.Context, incomplete: str) -> list[str]:
    """Names of matrices."""
    from lab import catalogue

    with contextlib.suppress(LabError, OSError):
        return _fitting(catalogue.find(_root(context), Path.cwd()).matrices(), incomplete)
    return []


def levels(context: typer.Context, incomplete: str) -> list[str]:
    """``NAME=`` for each factor, and then ``NAME=LEVEL``, also after a comma.

    Where one factor is left its levels are offered at once: after ``NAME=`` alone a shell would put a space.
    """
    for scenario in _scenarios_in(context):
        name, equals, values = incomplete.partition("=")
        fitting = [name] if equals else _fitting((factor.name for factor in scenario.factors), name)
        if len(fitting) != 1:
            return [f"{each}=" for each in fitting]
        (name,) = fitting
        return [f"{name}={each}" for each in _levels(scenario, name, values)]
    return []


def of_factor(name: str) -> Callable[[typer.Context, str], list[str]]:
    """Levels of the factor *name*, for an option of its own."""

    def offered(context: typer.Context, incomplete: str) -> list[str]:
        for scenario in _scenarios_in(context):
            return list(_levels(scenario, name, incomplete))
        return []

    return offered


def _levels(scenario: Scenario, name: str, begun: str) -> Iterator[str]:
    """What *begun*, a level or several with commas between them, may become."""
    given, comma, _ = begun.rpartition(",")
    with contextlib.suppress(KeyError):
        found = scenario.factor(name).levels
        yield from _fitting((f"{given}{comma}{level.text}" for level in found), begun)


@contextlib.contextmanager
def joined(environ: MutableMapping[str, str]) -> Generator[None]:
    """Put together again what bash takes apart: ``mode=to`` comes as three words, of which it replaces only the last."""
    words = environ.get("COMP_WORDS", "").split("\n")
    number = environ.get("COMP_CWORD", "")
    if environ.get("_GOLAB_COMPLETE") != "complete_bash" or "=" not in words or not number.isdecimal():
        yield
        return
    whole = _joined(words[: int(number) + 1])
    environ.update(COMP_WORDS="\n".join(whole), COMP_CWORD=str(len(whole) - 1))
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            yield
    finally:
        before = whole[-1].rpartition("=")[0]
        for line in said.getvalue().splitlines():
            typer.echo(_after(before, line))


def _joined(words: Sequence[str]) -> list[str]:
    whole: list[str] = []
    for before, word in itertools.pairwise(["", *words]):
        if whole and "=" in (before, word):
            whole[-1] += word
        else:
            whole.append(word)
    return whole


def _after(before: str, offered: str) -> str:
    """What of *offered* comes after the last ``=``: of ``--set=mode`` before it, an option's name is not offered again."""
    while before:
        if offered.startswith(f"{before}="):
            return offered.removeprefix(f"{before}=")
        before = before.partition("=")[2]
    return offered


def cells(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of default cells."""
    from lab.model.matrix import default_cells

    for scenario in _scenarios_in(context):
        return _fitting((cell.id for cell in default_cells(scenario)), incomplete)
    return []


def runs(context: typer.Context, incomplete: str) -> list[str]:
    """Names of runs that are kept, the newest first."""
    from lab.pipeline import open_store

    given = context.params.get("results")
    with contextlib.suppress(LabError, OSError):
        kept = open_store(_root(context), Path(given) if given else None).runs()
        return _fitting((folder.path.name for folder in reversed(kept)), incomplete)
    return []


def schemas(incomplete: str) -> list[str]:
    """Names that ``golab schema`` knows."""
    from lab.published import SCHEMAS

    return _fitting(SCHEMAS, incomplete)


def _scenarios_in(context: typer.Context) -> Iterator[Scenario]:
    """The scenario that the line names, if it does; of half a line, click leaves the name among the words it knows not.

    A user's own program has the factors of any such program.
    """
    from lab import catalogue, manifest

    if context.info_name == "program":
        yield _program()
        return
    words = {context.params.get("name"), *context.args}
    with contextlib.suppress(LabError, OSError):
        lab = catalogue.find(_root(context), Path.cwd())
        for name in lab.names():
            if name in words:
                yield manifest.load(lab.manifest(name))


def _program() -> Scenario:
    from lab import manifest
    from lab.golang.toolchain import WHEELS
    from lab.manifest.guest import Guest, stated
    from lab.model.units import Nanos

    content = stated(Guest(title="", releases=tuple(WHEELS)[::-1], time_limit=Nanos(1)))
    return manifest.read(content, name="program", path=Path("program.toml"))


def _root(context: typer.Context) -> Path | None:
    given = context.find_root().params.get("root")
    return Path(given) if given else None


def _fitting(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
