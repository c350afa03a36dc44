"""What is written down before the first replicate."""

from lab import planning
from lab.bench.selection import Request
from lab.model.matrix import Selector


def test_what_was_asked_can_be_asked_again() -> None:
    """All that decides which cells there are and in which order: nothing that a user gave is left out."""
    request = Request(
        lists={"thp": ("never", "always"), "with": ("sched",)},
        selector=Selector(only=("touch*",), skip=("*-p2",)),
        quick=True,
        tuned=True,
    )

    assert planning.asked("mmap-large", request, 3, 7, "golab") == (
        *(
            "run",
            "scenario",
            "mmap-large",
            "--quick",
            "--set=thp=never,always",
            "--set=with=sched",
            "--only=touch*",
            "--skip=*-p2",
        ),
        *("--runs=3", "--seed=7", "--base=golab", "--tune-host"),
    )
    assert planning.asked("mmap-large", Request(), None, 7, "auto") == (
        "run",
        "scenario",
        "mmap-large",
        "--seed=7",
    )
