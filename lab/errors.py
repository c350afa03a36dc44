"""What a user can put right, and the exit code of each.

::

    LabError                     70   (never raised itself)
    +- UsageError                 2   a bad value on the command line
    |  +- UnknownNameError        2   nothing by that name; the nearest right ones are named
    |  +- ManifestError           2   the scenario's file is wrong
    |  +- SimulatedProgramError   2   the settings of a simulation are wrong
    +- EnvironmentRefusedError    4   this machine cannot do it: no engine, no Go, no rights, no memory
    |  +- EngineUnavailableError  4   no container engine answers
    |  +- ToolchainError          4   the Go release cannot be had
    |  +- NotPutBackError         4   a setting that was changed cannot be put back
    |  +- LeftAloneError          4   golab stood still for so long that what it held is gone
    +- BuildError                 5   the Go toolchain refused the program
    +- MeasurementError           6   it ran, but what came back cannot be used
    +- ProgramRaisedError         6   a simulated program's Python raised
    +- StoreError                 6   a record cannot be written or read

Anything else that is raised is a bug in the lab and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class LabError(Exception):
    """A failure that the user can act on."""

    exit_code: ClassVar[int] = 70

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def in_full(self) -> str:
        """The message and, in brackets, the hint: for where both have to stand in one sentence."""
        return f"{self} ({self.hint})" if self.hint else str(self)


class UsageError(LabError):
    """A value that was asked for cannot be."""

    exit_code = 2


class UnknownNameError(UsageError):
    """Nothing by that name: says what kind of thing it was and which names come nearest."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
        offered = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(names) or 'none'}"
        super().__init__(f"no {kind} is called {name!r}", hint=offered)


class ManifestError(UsageError):
    """A scenario's file is wrong; every mistake is listed, with file and key."""


class SimulatedProgramError(UsageError):
    """A simulation cannot be set up as asked."""


class EnvironmentRefusedError(LabError):
    """This machine cannot do what was asked."""

    exit_code = 4


class EngineUnavailableError(EnvironmentRefusedError):
    """No container engine answers."""


class ToolchainError(EnvironmentRefusedError):
    """A Go release cannot be had."""


class NotPutBackError(EnvironmentRefusedError):
    """A setting of the machine was as it was wanted, to the end, and cannot be put back; the journal keeps it."""


class LeftAloneError(EnvironmentRefusedError):
    """What was held for a replicate went away because this process stood still: nothing was found out, and it can be had again."""


class BuildError(LabError):
    """The Go toolchain refused the program; the message holds what the compiler said."""

    exit_code = 5


class MeasurementError(LabError):
    """A replicate ran, but what came back cannot be used."""

    exit_code = 6


class ProgramRaisedError(LabError):
    """The Python of a simulated program raised, or broke the rules of a program."""

    exit_code = 6


class StoreError(LabError):
    """A record cannot be written or read."""

    exit_code = 6
