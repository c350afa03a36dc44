"""The factors that every scenario has, whatever its manifest says: GOMAXPROCS, the Go release, what its process is given, and what it is looked at with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from lab.model.instrument import ATTACHMENTS, PLAIN, WITH
from lab.model.level import UNSET, FactorKind, Level
from lab.model.scenario import (
    AUTO,
    CPUSET,
    ENGINE,
    FS,
    GO_RELEASE,
    GODEBUG,
    GOMAXPROCS,
    MEMORY,
    QUOTA,
    TMPFS,
    Factor,
)

_MOST_CPUS: Final = 1024
_LEAST_MEMORY: Final = 16 << 20
"""What the agent and the start of a Go program need together."""


def built_in(releases: Sequence[str]) -> tuple[Factor, ...]:
    """Each with a default that leaves everything as it is; the Go releases are those that the manifest names."""
    return (
        _limit(
            GOMAXPROCS,
            "GOMAXPROCS; auto leaves it to the runtime",
            FactorKind.INTEGER,
            default=AUTO,
            reaches="environment",
            variable="GOMAXPROCS",
            prefix="p",
            smallest=1,
            largest=_MOST_CPUS,
        ),
        Factor(
            name=GO_RELEASE,
            title="Go release",
            kind=FactorKind.TEXT,
            levels=tuple(Level(release, release) for release in releases),
            default=Level(releases[0], releases[0]),
            reaches="lab",
            prefix="go",
        ),
        Factor(
            name=ENGINE,
            title="where it runs; auto is the engine of the run",
            kind=FactorKind.TEXT,
            levels=tuple(Level(name, name) for name in (AUTO, "docker", "host")),
            default=Level(AUTO, AUTO),
            reaches="lab",
        ),
        _limit(
            QUOTA,
            "CPU quota of the container, in CPUs' worth of time",
            FactorKind.AMOUNT,
            prefix="quota_",
            largest=_MOST_CPUS,
        ),
        _limit(CPUSET, "CPUs that the container may use", FactorKind.CPUS, prefix="cpus_"),
        _limit(
            MEMORY,
            "memory limit of the container; unset is what the manifest says",
            FactorKind.BYTES,
            prefix="memory_",
            smallest=_LEAST_MEMORY,
        ),
        _limit(
            GODEBUG,
            "settings of the runtime, beside those that other factors make",
            FactorKind.SETTINGS,
            reaches="environment",
            variable="GODEBUG",
            prefix="godebug_",
        ),
        _limit(FS, "what its working folder lies on", FactorKind.FOLDER, default=TMPFS, prefix="fs_"),
        Factor(
            name=WITH,
            title="what it is looked at with: "
            + "; ".join(f"{name}: {each.title}" for name, each in ATTACHMENTS.items()),
            kind=FactorKind.TEXT,
            levels=tuple(Level(name, name) for name in ATTACHMENTS),
            default=Level(PLAIN, PLAIN),
            reaches="lab",
            prefix="with_",
        ),
    )


def _limit(name: str, title: str, kind: FactorKind, *, default: str = UNSET, **more: Any) -> Factor:  # noqa: ANN401 - fields
    """A factor with any level of its kind, at which nothing is set by default."""
    unset = Level(default, default)
    fields = {"reaches": "lab", **more}
    return Factor(name=name, title=title, kind=kind, levels=(unset,), default=unset, open=True, **fields)
