"""What a build stands on: nothing but the Go release, golab's own Debian with compilers, or an image that a user names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lab.engine import debian
from lab.engine.base import BaseImage, Engine
from lab.errors import EnvironmentRefusedError

AUTO: Final = "auto"
"""From scratch; golab's own base for programs with C in them."""
OWN: Final = "golab"
"""The base that ``golab engine base`` makes."""

_MAKE: Final = "as root: golab engine base (40 s)"
_SHORT: Final = 19
"""Characters of an id that are shown: ``sha256:`` and twelve digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base by its name, as an image below the Go release; ``packages`` are known of golab's own."""

    name: str
    image: BaseImage
    packages: Mapping[str, str] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """What a record says of it."""
        return {
            "name": self.name,
            "image": self.image.image,
            "digests": list(self.image.digests),
            "packages": dict(self.packages),
        }

    def __str__(self) -> str:
        """In words."""
        known = f", {len(self.packages)} packages" if self.packages else ""
        return f"in {self.name} ({self.image.image[:_SHORT]}{known})"


def choose(engine: Engine, asked: str, cache: Path, *, cgo: bool) -> Base | None:
    """The base that *asked* names, for programs with C in them if *cgo*; None where builds stand on nothing.

    On the host engine that is what this machine has. UsageError or EnvironmentRefusedError says why there is no such base.
    """
    if asked == AUTO and (engine.name == "host" or not cgo):
        return None
    if asked not in (AUTO, OWN) or engine.name == "host":
        return Base(name=asked, image=engine.base(asked))
    why = "is not made yet" if asked == OWN else "is not made yet, and the program has C in it"
    return _own(engine, cache, why, hint=f"{_MAKE}, or --base IMAGE with a C compiler in it")


def beside(engine: Engine, cache: Path) -> Base | None:
    """Golab's own base, for a container that holds it beside its program; None on the host engine, where that is this machine.

    EnvironmentRefusedError where it is not made yet.
    """
    if engine.name == "host":
        return None
    return _own(engine, cache, "is not made yet, and the cell's container has to hold it", hint=_MAKE)


def _own(engine: Engine, cache: Path, why: str, *, hint: str) -> Base:
    made = debian.kept(cache)
    if made is None:
        raise EnvironmentRefusedError(f"golab's own base for builds {why}", hint=hint)
    return Base(name=OWN, image=engine.base(made.tree), packages=made.packages)
