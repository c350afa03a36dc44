"""What stands in the way of a measurement, read from a machine as it was recorded."""

from pathlib import Path

from lab.host import facts


def test_busy_ticks_are_what_programs_and_the_kernel_used(tmp_path: Path) -> None:
    """User, nice, system and interrupts; neither idle time nor waiting for a disk, nor what the host took."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/stat").write_text("cpu  100 20 30 4000 500 6 7 80 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n")

    assert facts.busy_ticks(tmp_path) == 100 + 20 + 30 + 6 + 7


def test_a_machine_without_such_a_file_is_unknown(tmp_path: Path) -> None:
    """Not free of noise."""
    assert facts.busy_ticks(tmp_path) is None
