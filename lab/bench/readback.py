"""What was asked for and what took effect, as it is read back from inside: by the agent of the container, by a process of the cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lab.engine.base import FOLDER, Spec
from lab.model.level import Level, cpus_of
from lab.model.units import rounded_bytes

_PAGE: Final = 4096
"""The kernel rounds a memory limit down to whole pages."""


_NO_LIMIT: Final = 2**63 - 1
"""runtime/debug.SetMemoryLimit's math.MaxInt64."""
_UNITS: Final = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def not_as_set(environment: Sequence[str], effective: Mapping[str, Any]) -> str:
    """Where what a probe saw (``effective``) is not what its *environment* sets or leaves alone; empty where it is."""
    variables = dict(entry.split("=", 1) for entry in environment)
    wanted = {
        "gogc": _gogc(variables.get("GOGC", "100")),
        "gomemlimit": _memory_limit(variables.get("GOMEMLIMIT", "off")),
        "godebug": variables.get("GODEBUG", ""),
    }
    return "; ".join(
        f"{name.upper()} is {effective.get(name)!r} in a process, where {value!r} was to be"
        for name, value in wanted.items()
        if effective.get(name) != value
    )


def not_where(folder: str, effective: Mapping[str, Any]) -> str:
    """Where a probe did not see the mount that a working *folder* was to be on; empty where it did, or nothing was mounted for it.

    An engine that lives in another mount namespace than the lab shows its containers the empty folder below the mount.
    """
    if not folder.startswith("overlay-mount:") or f"{FOLDER} overlay" in effective.get("mounts", ()):
        return ""
    seen = [
        mount.partition(" ")[2] for mount in effective.get("mounts", ()) if mount.startswith(f"{FOLDER} ")
    ]
    return (
        f"its folder was to be on {folder}, and is on {seen[0] if seen else 'nothing of its own'}:"
        " the engine does not see what is mounted here"
    )


def _gogc(text: str) -> int:
    """As runtime/mgc.go reads it: off is -1, and what is no number is 100."""
    if text == "off":
        return -1
    try:
        return int(text)
    except ValueError:
        return 100


def _memory_limit(text: str) -> int:
    """As runtime/mgcpacer.go reads it: off is no limit, else a number of bytes with an optional unit."""
    for unit in sorted(_UNITS, key=len, reverse=True):
        if text.endswith(unit) and text.removesuffix(unit).isdecimal():
            return int(text.removesuffix(unit)) * _UNITS[unit]
    return int(text) if text.isdecimal() else _NO_LIMIT


def not_as_asked(spec: Spec, hello: Mapping[str, Any]) -> str:
    """Where the limits that the agent read (``hello.limits``) are not those of *spec*; empty where they are."""
    seen = hello.get("limits")
    return "; ".join(_differences(spec, seen if isinstance(seen, Mapping) else {}))


def _cpus(text: object) -> frozenset[int]:
    """The kernel writes 0,1 as 0-1."""
    return cpus_of(Level(str(text), str(text))) if text else frozenset()


def _differences(spec: Spec, seen: Mapping[str, Any]) -> Iterator[str]:
    if spec.quota is not None:
        quota, period = seen.get("quota_us", 0), seen.get("period_us", 0)
        if not period or round(quota / period, 3) != round(spec.quota, 3):
            what = f"{quota / period:g} CPUs" if period and quota > 0 else "no quota"
            yield f"a quota of {spec.quota:g} CPUs was asked for, the container has {what}"
    if spec.cpuset and _cpus(seen.get("cpus")) != _cpus(spec.cpuset):
        yield f"cpuset {spec.cpuset} was asked for, the container has {seen.get('cpus') or 'none'}"
    if spec.memory_is_asked and seen.get("memory_bytes", 0) // _PAGE != spec.memory_bytes // _PAGE:
        has = seen.get("memory_bytes")
        yield (
            f"{rounded_bytes(spec.memory_bytes)} of memory were asked for,"
            f" the container has {rounded_bytes(has) if has else 'no limit'}"
        )
