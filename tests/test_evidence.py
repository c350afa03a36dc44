"""Each claim rests on one run, chosen by rules that look at no result."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lab import evidence, manifest
from lab.evidence import Here, Kept, Standings, measures, ranked
from lab.manifest import register
from lab.model.claim import Register
from lab.model.outcome import ClaimVerdict
from lab.model.run import FORMAT, Ending, Plan
from lab.model.scenario import Scenario
from lab.store import RunFolder, Store
from tests.fakes import DONE
from tests.recorded import MANIFEST, NAME, Recipe, decide_otherwise, record

_CPU = "Example CPU"
_REGISTER = """
format = 1
[article]
go = "1.22.5"
nearest_go = "1.22.10"
[[sections]]
id = "9"
title = "Waiting"
[[claims]]
id = "9.1"
statement = "a wait takes a millisecond"
scenarios = ["example"]
[[claims]]
id = "9.2"
statement = "nobody measures this yet"
scenarios = ["elsewhere"]
needs = "root"
[[claims]]
id = "9.3"
statement = "example has no rule for this"
scenarios = ["example"]
[[claims]]
id = "9.4"
statement = "people are content"
untestable = "ask them"
[[claims]]
id = "9.5"
statement = "two scenarios measure this"
scenarios = ["example", "elsewhere"]
"""
_OLDER = MANIFEST.replace("refuted_to = 0.5e6", "refuted_to = 0.4e6")


def _register() -> Register:
    return register.read(_REGISTER.encode(), path=Path("claims.toml"))


def _scenario(text: str = MANIFEST) -> Scenario:
    return manifest.read(text.encode(), name=NAME, path=Path("example.toml"))


def _stand(root: Path, scenarios: Mapping[str, Scenario] | None = None, cpu: str = _CPU) -> Standings:
    known = {NAME: _scenario()} if scenarios is None else scenarios
    return evidence.stand(_register().claims, known, Store(root), cpu=cpu, options=" --results x")


def _name(day: int) -> str:
    return f"202611{day:02}-120000-example-0001"


def test_without_a_run_nothing_is_measured_and_each_claim_says_what_is_missing(tmp_path: Path) -> None:
    """A run, a scenario, a rule, or a world that answers."""
    found = _stand(tmp_path)

    assert [(each.verdict.value, each.why, each.command) for each in found.standings] == [
        (
            "not measured yet",
            "no run of example that is kept here has all the cells that it needs",
            "golab run scenario example --results x",
        ),
        ("not measured yet", "the scenario elsewhere is not there yet; it needs root", ""),
        ("not measured yet", "example has no rule for it yet", ""),
        ("untestable here", "ask them", ""),
        (
            "not measured yet",
            "example has no rule for it yet; the scenario elsewhere is not there yet",
            "",
        ),
    ]
    assert found.passed_over == ()


def test_a_claim_rests_on_a_run_and_says_which(tmp_path: Path) -> None:
    """With its date, engine, machine, kernel and Go release."""
    folder = record(tmp_path, Recipe())

    standing = _stand(tmp_path).standings[0]

    assert standing.verdict is ClaimVerdict.REFUTED
    assert standing.why.startswith("a wait of size 3: 30.")
    (rests_on,) = standing.rests_on
    run = rests_on.run
    assert (run.run, run.date, run.folder) == (
        folder.path.name,
        "2026-11-23 12:00 UTC",
        str(folder.path),
    )
    assert (run.engine, run.cpu, run.kernel, run.go, run.notes) == (
        "docker",
        _CPU,
        "6.1.0",
        ("1.27.3",),
        (),
    )


def test_runs_are_asked_in_an_order_that_looks_at_no_result(tmp_path: Path) -> None:
    """This machine's, then those under the manifest as it is, then the newest."""
    other = {"engine": {}, "machine": {"cpu": {"model": "Another"}}}
    runs = [
        Kept(folder.plan(), folder)
        for recipe in (
            Recipe(name=_name(1)),
            Recipe(name=_name(2)),
            Recipe(name=_name(3), manifest=_OLDER),
            Recipe(name=_name(4), provenance=other),
            Recipe(name=_name(5), provenance=other, manifest=_OLDER),
        )
        for folder in [record(tmp_path, recipe)]
    ]

    order = ranked(runs, Here(_CPU, {NAME: _scenario().manifest_sha256}))

    assert [run.plan.run for run in order] == [_name(day) for day in (2, 1, 3, 4, 5)]


@pytest.mark.parametrize(
    ("recipes", "day", "notes"),
    [
        ((Recipe(name=_name(1)), Recipe(name=_name(2), speed=50.0)), 2, ()),
        ((Recipe(name=_name(1)), Recipe(name=_name(2), only=("s1",))), 1, ()),
        ((Recipe(name=_name(1)), Recipe(name=_name(2), manifest=_OLDER)), 1, ()),
        ((Recipe(name=_name(1)), Recipe(name=_name(2), measured=False)), 1, ()),
        (
            (Recipe(name=_name(1), manifest=_OLDER),),
            1,
            ("measured under an older manifest, and judged by that one's rules",),
        ),
        (
            (Recipe(name=_name(1), provenance={}),),
            1,
            ("measured on another machine than this one",),
        ),
        (
            (Recipe(name=_name(1), stopped_by="max-time"),),
            1,
            ("ended by max-time, before all of its plan was measured",),
        ),
    ],
)
def test_the_run_is_the_newest_that_measured_the_claim(
    tmp_path: Path, recipes: tuple[Recipe, ...], day: int, notes: tuple[str, ...]
) -> None:
    """Not one without its cells or without replicates, not an older manifest's while there is a current one's."""
    for recipe in recipes:
        record(tmp_path, recipe)

    (rests_on,) = _stand(tmp_path).standings[0].rests_on

    assert (rests_on.run.run, rests_on.run.notes) == (_name(day), notes)


def test_of_two_runs_of_one_name_each_is_read_under_its_own_plan(tmp_path: Path) -> None:
    """Another machine's run may have this one's name: what it measured is not said of this machine."""
    other = {"engine": {}, "machine": {"cpu": {"model": "Another"}}}
    own = record(tmp_path / "own", Recipe(name=_name(1)))
    theirs = record(tmp_path / "theirs", Recipe(name=_name(1), provenance=other, speed=100.0))
    theirs.path.rename(own.path.with_name("theirs"))

    for cpu, folder in ((_CPU, own.path), ("Another", own.path.with_name("theirs"))):
        (rests_on,) = _stand(tmp_path / "own", cpu=cpu).standings[0].rests_on
        assert (rests_on.run.cpu, rests_on.run.folder, rests_on.run.notes) == (cpu, str(folder), ())


def test_a_copy_that_is_damaged_does_not_hide_the_run(tmp_path: Path) -> None:
    """It is passed over by its folder's name, and the other one is read."""
    folder = record(tmp_path, Recipe(name=_name(1)))
    for name in ("0 copy", "z copy"):
        lines = shutil.copytree(folder.path, tmp_path / name) / "runs.jsonl"
        lines.write_bytes(lines.read_bytes()[:-5])

    found = _stand(tmp_path)

    assert found.standings[0].rests_on[0].run.folder == str(folder.path)
    assert [line.split(" is ")[0] for line in found.passed_over] == ["0 copy"]


def test_a_run_some_of_which_cannot_be_brought_into_its_record_says_so(tmp_path: Path) -> None:
    """It was killed, and what its captures hold cannot be read: the claim rests on what is in the record."""
    folder = record(tmp_path, Recipe(stopped_by=None))
    runs = folder.path / "runs.jsonl"
    lines = runs.read_bytes().splitlines(keepends=True)
    place = json.loads(lines[-1])["turn"]["position"]
    folder.captures.write_text(json.dumps({**DONE, "id": str(place)}) + "\n")
    runs.write_bytes(b"".join(lines[:-1]))

    (rests_on,) = _stand(tmp_path).standings[0].rests_on

    assert rests_on.run.notes == (
        "ended by killed, before all of its plan was measured",
        "1 measured replicate is not in the record yet: probes.json: cannot be read: No such file or directory",
    )


def test_a_run_in_which_every_replicate_timed_out_is_no_gap(tmp_path: Path) -> None:
    """It is what was measured, and decides nothing of a duration."""
    record(tmp_path, Recipe(name=_name(1)))
    record(tmp_path, Recipe(name=_name(2), endings={"s3": Ending.TIMEOUT}))

    standing = _stand(tmp_path).standings[0]

    assert standing.verdict is ClaimVerdict.NOT_DECIDED
    assert standing.rests_on[0].run.run == _name(2)
    assert "not every replicate of s3 came to a value (10 timeout)" in standing.why


def test_a_run_that_cannot_be_used_is_passed_over_by_name(tmp_path: Path) -> None:
    """Damaged, of another format, changed afterwards, incomplete: the next one stands in."""
    record(tmp_path, Recipe(name=_name(1)))
    folders = [record(tmp_path, Recipe(name=_name(day))).path for day in range(2, 9)]
    (folders[0] / "plan.json").write_text("{}")
    (folders[1] / "plan.json").write_text('{"format": 99}')
    (folders[2] / "scenarios" / f"{NAME}.toml").write_text(_OLDER)
    runs = (folders[3] / "runs.jsonl").read_bytes()
    (folders[3] / "runs.jsonl").write_bytes(runs[:-5])
    nothing = f'{{"format": {FORMAT}, "predictions": []}}'
    decide_otherwise(RunFolder(folders[4]), "predictions.json", nothing.encode())
    (folders[5] / "scenarios" / f"{NAME}.toml").write_bytes(b"\xff")
    (folders[6] / "predictions.json").write_text(nothing)

    found = _stand(tmp_path)

    assert found.standings[0].rests_on[0].run.run == _name(1)
    said = sorted(found.passed_over)
    for line, day, words in zip(
        said,
        range(2, 9),
        (
            f"is of format None; this golab reads 3, 4 and {FORMAT}",
            f"is of format 99; this golab reads 3, 4 and {FORMAT}",
            "was changed after the run was planned",
            "it is the last one and was cut off",
            "its files do not belong together",
            "not TOML",
            "predictions.json: was changed after the run was planned",
        ),
        strict=True,
    ):
        assert line.startswith(f"{_name(day)} is passed over: ")
        assert words in line


def test_a_claim_of_several_scenarios_needs_them_all(tmp_path: Path) -> None:
    """Half an answer is none; where they differ, it depends."""
    second = MANIFEST.replace('id = "9.1"', 'id = "9.5"')
    record(tmp_path, Recipe(manifest=second))
    one, two = (replace(_scenario(second), name=name) for name in (NAME, "elsewhere"))

    half = _stand(tmp_path, {NAME: one}).standings[4]
    still_half = _stand(tmp_path, {NAME: one, "elsewhere": two}).standings[4]

    assert half.verdict is still_half.verdict is ClaimVerdict.NOT_MEASURED
    assert half.why.startswith("example: a wait of size 3: ")
    assert half.why.endswith("; the scenario elsewhere is not there yet")
    assert still_half.command == "golab run scenario elsewhere --results x"


def test_a_plan_measures_a_claim_if_it_has_every_cell(tmp_path: Path) -> None:
    """That its rules look at."""
    (claim,) = _scenario().claims
    plans: list[Plan] = [
        record(tmp_path, Recipe(name=_name(day), only=only)).plan()
        for day, only in ((1, ("s1",)), (2, ("s3",)))
    ]

    assert [measures(claim, NAME, plan) for plan in plans] == [False, True]
