"""The register of an article's claims, and how each of them stands by what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lab.model.outcome import ClaimVerdict, Judged
from lab.model.rule import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredClaim:
    """A statement, the article's figure, and the scenarios that measure it.

    ``needs`` is what a machine must have for that; ``untestable`` says why none can, and what would be needed, or is empty.
    """

    id: str
    section: str
    statement: str
    figure: Figure | None
    scenarios: tuple[str, ...]
    needs: str
    untestable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """All claims, in the article's order. ``sections`` are titles by id; ``go`` is the article's release of Go."""

    go: str
    nearest_go: str
    sections: Mapping[str, str]
    claims: tuple[RegisteredClaim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """The run that a verdict rests on: where, when and on what it was measured.

    ``go`` are the releases of the cells that the claim's rules look at; ``notes`` what else a reader has to know of it.
    """

    run: str
    date: str
    engine: str
    cpu: str
    kernel: str
    go: tuple[str, ...]
    folder: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What one run of one scenario says of a claim."""

    scenario: str
    judged: Judged
    run: RunFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A claim with its verdict, one sentence why, and what it rests on.

    ``lacks`` is the part of the sentence about what did not measure it, and ``command`` what would.
    """

    claim: RegisteredClaim
    verdict: ClaimVerdict
    why: str
    rests_on: tuple[Evidence, ...]
    lacks: str
    command: str
