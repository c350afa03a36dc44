"""What was measured so far, one line a run; a folder that cannot be read is listed with the reason."""

from pathlib import Path

from lab.listing import Listed, listed
from lab.model.run import FORMAT, Ending
from lab.store import Store
from tests.recorded import Recipe, record


def test_runs_are_listed_with_how_they_came_out(tmp_path: Path) -> None:
    """The oldest first; analysed where nobody has, refused where another golab wrote it."""
    record(tmp_path, Recipe(name="20261123-2-example", endings={"s2": Ending.TIMEOUT}, stopped_by="max-time"))
    record(tmp_path, Recipe(name="20261123-1-example"))
    other = record(tmp_path, Recipe(name="20261123-3-example")).path / "plan.json"
    other.write_text(other.read_text().replace(f'"format": {FORMAT}', '"format": 99'))

    first, second, third = listed(Store(tmp_path))

    assert first == Listed(
        run="20261123-1-example",
        scenario="example",
        engine="docker",
        go=("1.27.3",),
        cells=3,
        replicates=30,
        planned=30,
        stopped_by="replicates",
        conclusion="6 of 6 predictions hold",
    )
    assert (second.run, second.stopped_by) == ("20261123-2-example", "max-time")
    assert (
        second.conclusion
        == "4 of 6 predictions hold; 2 cannot be judged: replicates ended without their values"
    )
    assert third.problem.endswith(f"plan.json: is of format 99; this golab reads 3 and {FORMAT}")


def test_the_kept_analysis_is_what_is_listed(tmp_path: Path) -> None:
    """A list of a thousand runs does not read their replicates again."""
    folder = record(tmp_path, Recipe())
    folder.keep_analysis(())

    assert listed(Store(tmp_path))[0].conclusion == "nothing of this was predicted"
