"""What was measured so far: one line a run, from what each folder says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lab.analysis import analyse
from lab.errors import LabError
from lab.model.run import Plan
from lab.model.scenario import GO_RELEASE
from lab.report.view import conclusion
from lab.store import RunFolder, Store

_UNKNOWN: Final = "?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One run: what it measured, how far it came, how its predictions did; or the ``problem`` that its folder has."""

    run: str
    scenario: str = _UNKNOWN
    engine: str = _UNKNOWN
    go: tuple[str, ...] = ()
    cells: int = 0
    replicates: int = 0
    planned: int = 0
    stopped_by: str = _UNKNOWN
    conclusion: str = ""
    problem: str = ""


def listed(store: Store) -> tuple[Listed, ...]:
    """Every run of a folder, the oldest first; one that cannot be read is listed with the reason."""
    return tuple(_listed(folder) for folder in store.runs())


def _listed(folder: RunFolder) -> Listed:
    try:
        return _told(folder, folder.plan())
    except LabError as error:
        return Listed(run=folder.path.name, problem=str(error))


def _told(folder: RunFolder, plan: Plan) -> Listed:
    cells = folder.kept_analysis()
    if cells is None:
        cells = analyse(folder).cells
    return Listed(
        run=plan.run,
        scenario=plan.scenario,
        engine=plan.engine,
        go=tuple(dict.fromkeys(cell.levels[GO_RELEASE] for cell in plan.cells)),
        cells=len(plan.cells),
        replicates=sum(sum(cell.outcomes.values()) for cell in cells),
        planned=len(plan.turns),
        stopped_by=folder.stopped_by(),
        conclusion=conclusion(cells),
    )
