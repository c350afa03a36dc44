"""A container is swept only if it is certain that its owner is dead."""

import dataclasses
import os
import subprocess
import sys

import pytest

from lab.host.owner import PID, PID_STARTED, RUN, Owner

_US = Owner.of_this_process("run-1")


def test_labels_hold_the_owner() -> None:
    """What is written on a container reads back as the same owner, under the names that docs promise."""
    labels = _US.labels()

    assert Owner.from_labels(labels) == _US
    assert sorted(labels) == ["golab.boot", "golab.host", "golab.pid", "golab.pid_started", "golab.run"]
    assert (labels[RUN], labels[PID]) == ("run-1", str(os.getpid()))


@pytest.mark.parametrize("changes", [{PID: "x"}, {PID_STARTED: ""}])
def test_half_an_owner_is_none(changes: dict[str, str]) -> None:
    """Labels that do not name an owner whole cannot show that it is dead."""
    assert Owner.from_labels(_US.labels() | changes) is None
    assert Owner.from_labels({RUN: "x"}) is None


def test_the_living_are_not_dead() -> None:
    """This process, and another that lives."""
    assert not _US.is_dead(seen_from=_US)


def test_a_pid_that_ended_is_dead() -> None:
    """A process that ended and was reaped; while it is a zombie too, because it removes nothing any more."""
    with subprocess.Popen([sys.executable, "-c", "pass"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        owner = dataclasses.replace(_US, pid=child.pid)
        assert owner.is_dead(seen_from=_US)
    assert owner.is_dead(seen_from=_US)


def test_a_pid_that_was_given_again_is_dead() -> None:
    """The number lives, but the process that lived when the label was written does not."""
    assert dataclasses.replace(_US, pid_started=_US.pid_started - 1).is_dead(seen_from=_US)


def test_another_boot_is_dead() -> None:
    """Nothing survives a boot, not even a process with the same number and the same start."""
    assert dataclasses.replace(_US, boot="another").is_dead(seen_from=_US)


def test_a_host_that_was_renamed_is_still_the_same_boot() -> None:
    """Whoever lives there lives, and whoever does not is dead, under whatever name the host was known."""
    renamed = dataclasses.replace(_US, host=f"renamed - {_US.namespace}")
    gone = dataclasses.replace(renamed, pid=2**22 + 1)

    assert (renamed.is_dead(seen_from=_US), renamed.is_foreign(seen_from=_US)) == (False, False)
    assert (gone.is_dead(seen_from=_US), gone.is_foreign(seen_from=_US)) == (True, False)


@pytest.mark.parametrize(
    ("host", "boot"),
    [
        ("another", "another"),
        (f"copied {_US.host.partition(' ')[2]}", "another"),
        ("container - pid:[1]", _US.boot),
        ("unknown - -", _US.boot),
    ],
)
def test_another_host_cannot_be_judged(host: str, boot: str) -> None:
    """Another machine's or another pid namespace's numbers mean nothing here; a copied machine has the same machine id."""
    elsewhere = dataclasses.replace(_US, host=host, boot=boot, pid=2**22 + 1)

    assert not elsewhere.is_dead(seen_from=_US)
    assert elsewhere.is_foreign(seen_from=_US)


def test_a_namespace_that_nobody_knows_is_nobodys() -> None:
    """Two containers whose /proc tells neither may have the same pid."""
    us = dataclasses.replace(_US, host="one - -")

    assert not dataclasses.replace(us, host="two - -", pid=2**22 + 1).is_dead(seen_from=us)
