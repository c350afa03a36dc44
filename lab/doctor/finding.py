"""What a doctor is told, and what one says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["ok", "note", "spoils", "prevents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was found.

    ``machine`` is what :func:`lab.host.environment.describe` gives, ``engine`` what an engine says;
    ``engine_elsewhere`` is what shows that it runs on another machine, ``base`` the packages of golab's own base for builds.
    """

    system: str
    architecture: str
    is_root: bool
    machine: Mapping[str, Any]
    engine: Mapping[str, Any] | None
    engine_why: str
    engine_elsewhere: str
    engine_remedy: str
    containers: int
    tools: Mapping[str, bool]
    load: float | None
    pressure: float | None
    steal: float | None
    ptrace_scope: int | None
    has_tracefs: bool
    perf_paranoid: int | None
    has_hardware_counters: bool
    has_apparmor: bool
    base: int | None
    go_releases: Sequence[str]
    cache: str
    is_cache_writable: bool
    free_bytes: int
    file_system: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: about what, the verdict, what was found, why it matters, and the one thing that helps."""

    subject: str
    verdict: Verdict
    found: str
    why: str
    remedy: str = ""
