"""What an engine cannot limit is refused: it would drop the limit with no more than a warning, and measure something else."""

from __future__ import annotations

from collections.abc import Mapping

from lab.engine.base import Spec
from lab.errors import EnvironmentRefusedError


def refuse_unlimited(spec: Spec, limits: Mapping[str, bool]) -> None:
    """EnvironmentRefusedError for what *spec* asks and the engine would drop with no more than a warning."""
    asked = {"CPUSet": f"cpuset {spec.cpuset}" if spec.cpuset else ""}
    asked["CPUQuota"] = f"quota {spec.quota}" if spec.quota is not None else ""
    if missing := [words for name, words in asked.items() if words and not limits[name]]:
        raise EnvironmentRefusedError(
            f"this engine cannot limit a container ({', '.join(missing)})",
            hint="a rootless engine needs cgroup version 2 and the controllers cpu and cpuset delegated to the user",
        )
