"""What a run that was killed had measured and not written down: brought over into its record, by whoever reads that next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from lab import captured, manifest
from lab.bench.agent import read
from lab.bench.decode import Asked, decode, was_stopped
from lab.bench.exclude import Surroundings, excluded
from lab.errors import MeasurementError
from lab.model.level import UNSET
from lab.model.run import Capture, Plan, Record
from lab.model.scenario import QUOTA, Scenario
from lab.store import RunFolder


def recover(folder: RunFolder) -> int:
    """Bring over what is left in the captures of a run that is over; how many replicates that were.

    They are read as the run itself would have, by its own manifests and probes. Only whether a stranger's container was there in its last
    quarter of a second nobody knows any more. Of :func:`held_cells` nothing is brought over. A run that goes on is left alone. StoreError
    where the record cannot be read or written.
    """
    with captured.left(folder.captures) as lines:
        if lines is None:
            return 0
        plan = folder.plan()
        folder.drop_half_line()
        records = folder.records(plan)
        known = {record.turn.position for record in records}
        if records.damage:
            return 0  # nobody knows what stands behind it
        held = held_cells(folder, plan)
        fresh = [
            capture
            for capture in _captures(plan, lines)
            if capture.turn.position not in known and capture.turn.cell not in held
        ]
        if fresh:  # else it may have been killed before its probes were written down, by which they are read
            folder.append(*map(_reader(folder, plan), fresh))
        folder.captures.unlink(missing_ok=True)
    return len(fresh)


def _captures(plan: Plan, lines: Sequence[bytes]) -> Iterator[Capture]:
    """In the plan's order; what a probe said is none, nor is a replicate that was stopped because the lab had died."""
    by_id = {str(turn.position): turn for turn in plan.turns}
    found = {}
    for line in lines:
        try:
            turn = by_id.get(str(read(line).get("id")))
        except MeasurementError:
            continue
        if turn is not None:
            found[turn.position] = Capture(turn=turn, raw=line)
    for _, capture in sorted(found.items()):
        if not was_stopped(capture):
            yield capture


def held_cells(folder: RunFolder, plan: Plan) -> frozenset[str]:
    """The cells beside which somebody works, or for which the whole machine is set otherwise, as long as a replicate runs.

    Whether that held is found out after the replicate: what was measured before is none until then.
    """
    scenarios = _scenarios(folder, plan)
    found = set()
    for cell in plan.cells:
        scenario = scenarios[cell.scenario]
        levels = scenario.read_levels(cell.levels)
        if scenario.neighbour(levels) is not None or scenario.host_mode(levels):
            found.add(cell.id)
    return frozenset(found)


def _scenarios(folder: RunFolder, plan: Plan) -> Mapping[str, Scenario]:
    scenarios = {}
    for name in plan.manifests:
        content, path = folder.manifest(name)
        scenarios[name] = manifest.read(content, name=name, path=path)
    return scenarios


def _reader(folder: RunFolder, plan: Plan) -> Callable[[Capture], Record]:
    flaws = folder.flaws()
    cells = {cell.id: cell for cell in plan.cells}
    scenarios = _scenarios(folder, plan)
    cpus = plan.provenance["machine"]["cpu"]["count"] or 1

    def read_as(capture: Capture) -> Record:
        cell = cells[capture.turn.cell]
        scenario = scenarios[cell.scenario]
        asked = Asked.of(scenario, scenario.read_levels(cell.levels), flaws[cell.id])
        around = Surroundings(cpus=cpus, has_quota=cell.levels[QUOTA] != UNSET)
        return excluded(decode(capture, asked), scenario.exclusion, around)

    return read_as
