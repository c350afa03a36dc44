"""What was asked of a container and what took effect, as its agent reads it back from inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from lab.engine.base import Spec
from lab.model.level import Level, cpus_of
from lab.model.units import rounded_bytes

_PAGE: Final = 4096
"""The kernel rounds a memory limit down to whole pages."""


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
