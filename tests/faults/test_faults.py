"""Whatever happens to a golab, at whatever moment: nothing is lost, nothing is left behind, and the run can be gone on with.

A sample; all of it is done outside (``nox -s faults``) and is in docs/guarantees.md.
"""

import os

import pytest

from tests.faults.fault import Fault
from tests.faults.sampled import broken, sampled

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="disks that fill or fail are mounted by root alone"),
]

_ON_THE_FAKE = set(Fault) - {Fault.AGENT, Fault.DOCKERD, Fault.STOP}


def test_every_promise_is_kept_on_the_fake_engine() -> None:
    """Every fault that needs no processes, in phases and at points that the seed draws; each replicate in the end is one of a whole run's."""
    lines = sampled("fake", "--most", "27", "--seed", "20")

    assert broken(lines) == []
    assert {line["fault"] for line in lines} == {fault.value for fault in _ON_THE_FAKE}
    assert any(line["before"] for line in lines)


@pytest.mark.go
@pytest.mark.usefixtures("go_toolchain")
def test_every_promise_is_kept_on_the_host() -> None:
    """The same with real agents, which are killed, too, and left alone for longer than they wait."""
    lines = sampled("host", "--most", "11", "--seed", "21")

    assert broken(lines) == []
    assert {line["fault"] for line in lines} == {
        fault.value for fault in {*_ON_THE_FAKE, Fault.AGENT, Fault.STOP}
    }


@pytest.mark.go
@pytest.mark.usefixtures("go_toolchain")
def test_who_stood_still_runs_the_lost_replicate_again() -> None:
    """Stopped while a replicate is due: its agent ends, and the same run has all of its plan in the end."""
    lines = sampled("host", "--fault", "stop", "--phase", "replicate", "--points", "every")

    assert broken(lines) == []
    assert [(line["replicates"], line["again"]) for line in lines] == [(8, 1)]


@pytest.mark.go
@pytest.mark.usefixtures("go_toolchain")
def test_who_goes_on_puts_back_first_what_a_killed_one_had_switched() -> None:
    """Transparent huge pages are on for the machine while a replicate runs that needs them: it is the same machine all the same."""
    switched = ("--option=--tune-host", "--option=--set=thp=always", "--option=--set=mode=touch")
    points = ("--fault", "kill", "--phase", "replicate", "--points", "every")
    lines = sampled("host", "--scenario", "mmap-large", *switched, *points)

    assert broken(lines) == []
    assert {line["phase"] for line in lines} == {"replicate"}
    assert len(lines) > 1


def test_a_terminal_that_is_closed_is_a_ctrl_c() -> None:
    """It really is closed: golab is told, and nobody takes what it prints any more."""
    lines = sampled("fake", "--fault", "hangup", "--phase", "plan", "--phase", "probe", "--phase", "analysis")

    assert broken(lines) == []
    assert [line["code"] for line in lines].count(130) >= 2  # a point of the analysis may be one of the end


def test_who_goes_on_may_be_hit_as_well() -> None:
    """A run was killed and its record damaged, and every fault comes while that is set aside; a third golab has all of it in the end."""
    lines = sampled("fake", "--second", "resume", "--phase", "open again", "--seed", "24")

    assert broken(lines) == []
    assert {line["fault"] for line in lines} == {fault.value for fault in _ON_THE_FAKE}
    assert {line["phase"] for line in lines} == {"open again"}
    assert all(line["before"] for line in lines)


def test_cleaning_up_takes_nothing_that_a_run_needs() -> None:
    """Before anybody goes on with it, nothing else is left behind."""
    lines = sampled("fake", "--second", "clean", "--most", "9", "--seed", "23")

    assert broken(lines) == []
    assert any(line["before"] for line in lines)
