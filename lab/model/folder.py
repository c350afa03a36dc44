"""What a cell's working folder holds before anybody works in it: files, by layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Side = Literal["lowest", "top", "every"]
"""Which of a folder's layers; what has one layer has it in all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """``count`` files of ``size`` bytes in one layer, or in every one; in ``path``, relative to the folder, ``{}`` stands for their numbers from 0 on.

    ``is_linked``: they are names of one file, so that many of them take the room of one.
    """

    path: str
    size: int
    layer: Side = "lowest"
    count: int = 1
    is_linked: bool = False

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file's path, by number."""
        return tuple(self.path.replace("{}", str(number)) for number in range(self.count))

    @property
    def content(self) -> bytes:
        """What is in each. No byte is zero: nothing of it can be left out as a hole."""
        return b"golab..." * (self.size // 8) + b"golab..."[: self.size % 8]


def laid_in(layer: int, layers: int, files: Iterable[Laid]) -> Iterator[Laid]:
    """Those of *files* that lie in the layer with this number of so many, the lowest of which is 1."""
    for each in files:
        if each.layer == "every" or layer == (1 if each.layer == "lowest" else layers):
            yield each


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderPart:
    """In which cells the working folder holds something, and what."""

    laid: Laid
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
