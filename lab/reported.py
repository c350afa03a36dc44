"""A run's page, from its folder: what :mod:`lab.report` shows is gathered here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lab import setup
from lab.analysis import Analysis, analyse, costs_notes
from lab.model.metric import Metric
from lab.model.run import PlannedCell, Record
from lab.model.scenario import Scenario
from lab.report.html import render
from lab.report.page import Told, page_of
from lab.stats.process import process_value
from lab.store import RunFolder


def concluded(folder: RunFolder) -> Analysis:
    """A run, analysed; what was concluded is kept, and its page written."""
    found = analyse(folder)
    folder.keep_analysis(found.cells, found.reached)
    folder.keep_report(report(folder, found))
    return found


def report(folder: RunFolder, found: Analysis) -> str:
    """The page of a run that was analysed: the same text for the same record, wherever it lies."""
    course = course_of(found.scenarios, found.plan.cells, folder.records(found.plan))
    return render(
        page_of(
            Told(
                plan=found.plan,
                title=found.title,
                scenarios=found.scenarios,
                cells=found.cells,
                claims=found.claims,
                warnings=found.warnings,
                notes=(*found.stopping, *found.unattached, *found.resumed, *costs_notes(found.plan.costs)),
                facts=tuple(setup.facts(found.plan.provenance)),
                points={key: tuple(values) for key, values in course.points.items()},
                quality=found.quality,
                begun_ns=course.begun_ns,
                ended_ns=course.ended_ns,
            )
        )
    )


@dataclass(slots=True)
class Course:
    """What happened when in a run: by cell and metric each process's position and value, and the first and last instant."""

    points: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)
    begun_ns: int | None = None
    ended_ns: int | None = None


def course_of(
    scenarios: Mapping[str, Scenario], cells: Iterable[PlannedCell], records: Iterable[Record]
) -> Course:
    """One pass over *records*; nothing is kept of them but numbers."""
    metrics: dict[str, tuple[Metric, ...]] = {}
    for cell in cells:
        scenario = scenarios[cell.scenario]
        metrics[cell.id] = scenario.metrics_of(scenario.read_levels(cell.levels))
    course = Course()
    for record in records:
        if record.turn.position < 0:
            continue  # what could not be built never had its turn
        ended = record.started_at_ns + record.wall_ns
        course.begun_ns = min(record.started_at_ns, course.begun_ns or record.started_at_ns)
        course.ended_ns = max(ended, course.ended_ns or ended)
        for metric in metrics.get(record.turn.cell, ()) if record.usable else ():
            if repetitions := metric.repetitions(record.observations):
                value = process_value(repetitions, metric.statistic)
                course.points.setdefault((record.turn.cell, metric.name), []).append(
                    (record.turn.position, value)
                )
    return course
