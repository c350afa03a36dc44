"""Which run each claim rests on, and how it stands by that.

A claim rests on one run of each scenario that measures it: of this machine's runs rather than another's, of those under the
manifest as it is now rather than an older one, the newest in which every cell was planned that the claim's rules look at. A run
under an older manifest is judged by its own copy of the rules, and that is said.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lab import manifest
from lab.analysis import Analysis, analyse
from lab.claims import together
from lab.errors import LabError
from lab.model.claim import Evidence, RegisteredClaim, RunFacts, Standing
from lab.model.matrix import default_cells, own_id
from lab.model.outcome import ClaimVerdict, Judged
from lab.model.rule import cells_of
from lab.model.run import FINISHED, Plan
from lab.model.scenario import GO_RELEASE, Claim, Scenario
from lab.store import RunFolder, Store


@dataclass(frozen=True, slots=True)
class Here:
    """What a run is measured against when it is chosen: the CPU of this machine, and the manifests as they are now."""

    cpu: str
    manifests: Mapping[str, str]
    """The digest of each scenario's manifest, by its name."""

    def is_own(self, plan: Plan) -> bool:
        """Whether the run was measured on such a machine."""
        return cpu_of(plan) == self.cpu

    def is_current(self, plan: Plan) -> bool:
        """Whether the run was planned with the manifest as it is now."""
        return all(self.manifests.get(name) == digest for name, digest in plan.manifests.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Standings:
    """Every claim's standing, in the register's order, and a sentence for each run that was passed over."""

    standings: tuple[Standing, ...]
    passed_over: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A run that is kept: two of one name may be in two folders, so each plan stays with its own."""

    plan: Plan
    folder: RunFolder


def ranked(runs: Sequence[Kept], here: Here) -> tuple[Kept, ...]:
    """Runs in the order in which they are asked: this machine's, those under the current manifest, the newest first."""

    def rank(run: Kept) -> tuple[bool, bool, str]:
        return here.is_own(run.plan), here.is_current(run.plan), run.plan.run

    return tuple(sorted(runs, key=rank, reverse=True))


def measures(claim: Claim, scenario: str, plan: Plan) -> bool:
    """Whether a run planned every cell that the rules of a scenario's claim look at."""
    planned = {own_id(scenario, cell.id) for cell in plan.cells if cell.scenario == scenario}
    return planned.issuperset(cell for rule in claim.rules for cell in cells_of(rule.quantity))


def stand(
    wanted: Sequence[RegisteredClaim],
    scenarios: Mapping[str, Scenario],
    store: Store,
    *,
    cpu: str,
    options: str = "",
) -> Standings:
    """How each *wanted* claim stands by the runs of *store*, on a machine with this *cpu*.

    *options* end the commands that would measure what nothing measured.
    """
    here = Here(cpu, {name: scenario.manifest_sha256 for name, scenario in scenarios.items()})
    search = _Search(store, here, {claim.id for claim in wanted})
    named = {name for claim in wanted for name in claim.scenarios if name in scenarios}
    found = {name: search.of(name) for name in sorted(named)}
    standings = tuple(_standing(claim, scenarios, found, options) for claim in wanted)
    return Standings(standings=standings, passed_over=tuple(search.passed_over))


@dataclass(slots=True)
class _Search:
    """Through the runs of a store, reading no more of them than it needs."""

    store: Store
    here: Here
    wanted: set[str]
    passed_over: list[str] = field(default_factory=list)
    _runs: dict[str, list[Kept]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for folder in self.store.runs():
            try:
                plan = folder.plan()
            except LabError as error:
                self._pass_over(folder, error)
                continue
            for name in plan.manifests:
                self._runs.setdefault(name, []).append(Kept(plan, folder))

    def of(self, scenario: str) -> Mapping[str, Evidence]:
        """What the runs of one scenario say, by claim: the first run that measured it, else the first that began to."""
        settled: dict[str, Evidence] = {}
        begun: dict[str, Evidence] = {}
        for run in ranked(self._runs.get(scenario, ()), self.here):
            for judged, facts in self._read(run, scenario, self.wanted - set(settled)):
                evidence = Evidence(scenario=scenario, judged=judged, run=facts)
                is_settled = all(each.verdict is not ClaimVerdict.NOT_MEASURED for each in judged.rulings)
                (settled if is_settled else begun).setdefault(judged.id, evidence)
        return begun | settled

    def _read(self, run: Kept, scenario: str, open_claims: set[str]) -> Iterator[tuple[Judged, RunFacts]]:
        """What a run says of those claims that it could measure; nothing is read of one that could measure none."""
        folder = run.folder
        try:
            content, path = folder.manifest(scenario)
            stated = {claim.id: claim for claim in manifest.read(content, name=scenario, path=path).claims}
            able = {
                name for name in open_claims if name in stated and measures(stated[name], scenario, run.plan)
            }
            if not able:
                return
            analysis = analyse(folder)
        except (LabError, LookupError, ValueError) as error:
            self._pass_over(folder, error)
            return
        if analysis.damage:
            self._pass_over(folder, analysis.damage)
            return
        for judged in analysis.claims:
            if judged.id in able:
                yield judged, _facts(analysis, scenario, judged, self.here)

    def _pass_over(self, folder: RunFolder, why: object) -> None:
        problem = " ".join(str(why).split())
        if isinstance(why, LookupError | ValueError):
            problem = f"its files do not belong together ({type(why).__name__}: {problem})"
        self.passed_over.append(f"{folder.path.name} is passed over: {problem}")


def _facts(analysis: Analysis, scenario: str, judged: Judged, here: Here) -> RunFacts:
    plan = analysis.plan
    machine = plan.provenance.get("machine")
    own = {own_id(scenario, cell.id): cell for cell in plan.cells if cell.scenario == scenario}
    looked_at = [
        own[name] for name in dict.fromkeys(cell for ruling in judged.rulings for cell in ruling.cells)
    ]
    return RunFacts(
        run=plan.run,
        date=_date(plan.run),
        engine=", ".join(dict.fromkeys(cell.engine for cell in looked_at)) or plan.engine,
        cpu=cpu_of(plan),
        kernel=str(_at(machine, "kernel", "release") or "unknown"),
        go=tuple(dict.fromkeys(cell.levels[GO_RELEASE] for cell in looked_at)),
        folder=str(analysis.folder),
        notes=tuple(_notes(analysis, here)),
    )


def _notes(analysis: Analysis, here: Here) -> Iterator[str]:
    plan = analysis.plan
    if not here.is_own(plan):
        yield "measured on another machine than this one"
    if not here.is_current(plan):
        yield "measured under an older manifest, and judged by that one's rules"
    if plan.quick:
        yield "a quick run"
    if analysis.stopped_by not in FINISHED:
        yield f"ended by {analysis.stopped_by}, before all of its plan was measured"
    if analysis.unrecovered:
        yield analysis.unrecovered


def cpu_of(plan: Plan) -> str:
    """The CPU that a run was measured on."""
    return str(_at(plan.provenance.get("machine"), "cpu", "model") or "unknown")


def _at(value: object, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _date(run: str) -> str:
    """A run's name begins with its date in UTC; empty where it does not."""
    try:
        return f"{dt.datetime.strptime(run[:15], '%Y%m%d-%H%M%S').replace(tzinfo=dt.UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return ""


def _standing(
    claim: RegisteredClaim,
    scenarios: Mapping[str, Scenario],
    found: Mapping[str, Mapping[str, Evidence]],
    options: str,
) -> Standing:
    rests_on = tuple(found[name][claim.id] for name in claim.scenarios if claim.id in found.get(name, {}))
    missing = {
        name: words for name in claim.scenarios if (words := _missing(claim, name, scenarios, rests_on))
    }
    lacks = [*([claim.untestable] if claim.untestable else []), *dict.fromkeys(missing.values())]
    if missing and claim.needs:
        lacks.append(f"it needs {claim.needs}")
    verdicts = [each.judged.verdict for each in rests_on] + [ClaimVerdict.NOT_MEASURED] * len(missing)
    several = len(claim.scenarios) > 1
    says = [f"{each.scenario}: {each.judged.why}" if several else each.judged.why for each in rests_on]
    commands = [
        f"golab run scenario {name}{_tuning(claim, scenarios[name])}{options}"
        for name in missing
        if _rules(claim, scenarios.get(name))
    ]
    return Standing(
        claim=claim,
        verdict=ClaimVerdict.UNTESTABLE if claim.untestable else together(verdicts),
        why="; ".join([*says, *lacks]),
        rests_on=rests_on,
        lacks="; ".join(lacks),
        command=" && ".join(commands),
    )


def _tuning(claim: RegisteredClaim, scenario: Scenario) -> str:
    """The option without which a run would leave out the cells that the claim looks at."""
    looked_at = {
        cell
        for stated in scenario.claims
        if stated.id == claim.id
        for rule in stated.rules
        for cell in cells_of(rule.quantity)
    }
    return "" if looked_at <= {cell.id for cell in default_cells(scenario)} else " --tune-host"


def _missing(
    claim: RegisteredClaim, name: str, scenarios: Mapping[str, Scenario], rests_on: Sequence[Evidence]
) -> str:
    """Why a scenario says nothing of a claim; empty if it does."""
    if any(each.scenario == name for each in rests_on):
        return ""
    if name not in scenarios:
        return f"the scenario {name} is not there yet"
    if not _rules(claim, scenarios[name]):
        return f"{name} has no rule for it yet"
    return f"no run of {name} that is kept here has all the cells that it needs"


def _rules(claim: RegisteredClaim, scenario: Scenario | None) -> bool:
    return scenario is not None and any(each.id == claim.id for each in scenario.claims)
