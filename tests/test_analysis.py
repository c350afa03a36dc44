"""A record says the same whenever it is read, and says so when it cannot."""

from pathlib import Path

import pytest

from lab.analysis import analyse, costs_note
from lab.errors import StoreError
from lab.model.outcome import ClaimVerdict, Verdict
from lab.model.run import CostsUsed, Ending
from tests.recorded import MANIFEST, NAME, Recipe, record


def test_a_record_is_analysed_from_its_folder_alone(tmp_path: Path) -> None:
    """Cells in the plan's order, verdicts by the margins of the manifest's copy, claims by its rules."""
    found = analyse(record(tmp_path, Recipe()))

    assert [cell.id for cell in found.cells] == ["s1", "s2", "s3"]
    assert [cell.outcomes for cell in found.cells] == [{"exit": 10}] * 3
    verdicts = [metric.comparison.verdict for metric in found.cells[0].metrics if metric.comparison]
    assert verdicts == [Verdict.AGREES, Verdict.AGREES]
    assert [(claim.id, claim.verdict) for claim in found.claims] == [("9.1", ClaimVerdict.REFUTED)]
    assert found.notes == (
        "costs: packaged, uncalibrated: another machine's; golab calibrate measures this one",
        f"record: {found.folder}",
    )
    assert analyse(record(tmp_path / "again", Recipe())).cells == found.cells


def test_a_damaged_record_is_used_up_to_the_damage(tmp_path: Path) -> None:
    """And a reader is told."""
    folder = record(tmp_path, Recipe())
    path = folder.path / "runs.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:9], b"\x00\x00\n", *lines[10:]]))

    found = analyse(folder)
    assert sum(cell.outcomes["exit"] for cell in found.cells) == 9
    assert found.notes[0].startswith("the record is damaged: runs.jsonl: line 10, from byte ")


@pytest.mark.parametrize(
    ("kept", "missing"),
    [
        (29, "there are 9 of 10 replicates of s"),
        (27, "there are 9 of 10 replicates of s1, 9 of 10 replicates of s2, 9 of 10 replicates of s3"),
        (0, "there are 0 of 10 replicates of s1"),
    ],
)
def test_a_record_that_was_cut_off_between_two_lines_is_damaged_too(
    tmp_path: Path, kept: int, missing: str
) -> None:
    """Every line is whole, and the run had come to its end: what is there is used, what is not is told.

    Also where an earlier golab wrote the end, which does not say how many lines there were.
    """
    folder = record(tmp_path, Recipe())
    path = folder.path / "runs.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:kept]))
    assert analyse(folder).damage.startswith(f"runs.jsonl: it ends with line {kept} and checksum ")
    (folder.path / "end.json").write_text('{"format": 4, "stopped_by": "replicates"}')

    found = analyse(folder)
    assert sum(sum(cell.outcomes.values()) for cell in found.cells) == kept
    assert missing in found.damage
    assert found.damage.startswith("the run came to its end, and its record ends before it")


def test_a_run_that_was_killed_says_how_far_it_came(tmp_path: Path) -> None:
    """No end was written."""
    found = analyse(record(tmp_path, Recipe(stopped_by=None, measured=False)))

    assert found.notes[0] == "the run never came to its end: 0 of 30 replicates"


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(predicted=False),
        Recipe(measured=False),
        Recipe(only=("s2",)),
        Recipe(replicates=1, repetitions=1),
        Recipe(endings=dict.fromkeys(("s1", "s2", "s3"), Ending.TIMEOUT)),
    ],
    ids=["no predictions", "no measurements", "one cell", "one replicate", "all timeouts"],
)
def test_a_poor_record_is_analysed_too(tmp_path: Path, recipe: Recipe) -> None:
    """Nothing to compare is no error."""
    found = analyse(record(tmp_path, recipe))

    assert not any(
        metric.comparison and metric.comparison.verdict is not Verdict.INCONCLUSIVE
        for cell in found.cells
        for metric in cell.metrics
        if not recipe.only
    )


def test_rules_that_were_changed_afterwards_are_refused(tmp_path: Path) -> None:
    """Margins are fixed before measuring; the plan has the manifest's digest."""
    folder = record(tmp_path, Recipe())
    (folder.path / "scenarios" / f"{NAME}.toml").write_text(
        MANIFEST.replace("margin = 0.25", "margin = 0.99")
    )

    with pytest.raises(StoreError, match="was changed after the run was planned"):
        analyse(folder)


def test_costs_of_another_machine_are_labelled() -> None:
    """Packaged ones, and a file that a user names."""
    packaged = CostsUsed(source="packaged", identity="packaged-1", calibrated=False)
    foreign = CostsUsed(source="costs.json", identity="20261127-host", calibrated=False)
    own = CostsUsed(source="costs.json", identity="20261127-host", calibrated=True)

    assert [costs_note(each).partition(";")[0] for each in (packaged, foreign, own)] == [
        "costs: packaged, uncalibrated: another machine's",
        "costs: 20261127-host, uncalibrated: another machine's",
        "costs: calibrated, 20261127-host",
    ]
