"""A scenario as a page for a terminal."""

from pathlib import Path

from lab import manifest
from lab.report.scenario import page


def test_what_has_no_twin_promises_no_prediction(lab_root: Path) -> None:
    """Each metric says why, and what containers hold is told, by cells where it is of some."""
    scenario = manifest.load(lab_root / "scenarios/hello-static.toml")
    text = page(scenario, "nothing is scheduled")

    assert text.count("not compared [1]") == len(scenario.metrics)
    assert text.count("[1] nothing is scheduled") == 1
    assert "prediction within" not in text
    assert "  its container holds the Go release\n" in text
    assert "  its container holds the Debian of golab engine base" in text
    assert "in\n      cells with mode linking" in text
