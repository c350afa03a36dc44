"""What a shell offers: scenario names, factors and their levels, cell ids, schemas. A mistake offers nothing, silently."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
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
    """``NAME=`` for each factor, and then ``NAME=LEVEL``, also after a comma."""
    for scenario in _scenarios_in(context):
        name, equals, values = incomplete.partition("=")
        if not equals:
            return _fitting((f"{factor.name}=" for factor in scenario.factors), incomplete)
        given, comma, _ = values.rpartition(",")
        before = f"{name}={given}{comma}"
        with contextlib.suppress(KeyError):
            return _fitting((f"{before}{level.text}" for level in scenario.factor(name).levels), incomplete)
    return []


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
    """The scenario that the line names, if it does; of half a line, click leaves the name among the words it knows not."""
    from lab import catalogue, manifest

    words = {context.params.get("name"), *context.args}
    with contextlib.suppress(LabError, OSError):
        lab = catalogue.find(_root(context), Path.cwd())
        for name in lab.names():
            if name in words:
                yield manifest.load(lab.manifest(name))


def _root(context: typer.Context) -> Path | None:
    given = context.find_root().params.get("root")
    return Path(given) if given else None


def _fitting(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
