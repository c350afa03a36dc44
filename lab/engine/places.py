"""Where a job's folders are: its ``{tree}``, ``{work}``, ``{cache}`` and ``{tmp}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lab.engine.base import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The folders of one job as its command sees them."""

    tree: str
    work: str
    cache: str
    tmp: str
    shown: Mapping[str, str] = field(default_factory=dict)

    def argv(self, job: Job) -> list[str]:
        """The job's command, its places filled in."""
        return [self._filled(word) for word in job.argv]

    def environment(self, job: Job) -> dict[str, str]:
        """The job's whole environment, its places filled in."""
        return {name: self._filled(value) for name, value in job.environment.items()}

    def files(self, job: Job) -> dict[str, bytes]:
        """The job's files by their relative path, the places of its texts filled in."""
        return {**job.files, **{path: self._filled(text).encode() for path, text in job.texts.items()}}

    def _filled(self, text: str) -> str:
        # not str.format: other braces are the command's own
        for name in ("tree", "work", "cache", "tmp"):
            text = text.replace(f"{{{name}}}", getattr(self, name))
        for name, place in self.shown.items():
            text = text.replace(f"{{{name}}}", place)
        return text


def relative(files: Mapping[str, bytes] | tuple[str, ...]) -> list[str]:
    """The paths of a job's files or outputs, in order. ValueError if one leaves ``{work}``."""
    for path in files:
        parts = PurePosixPath(path).parts
        if not parts or parts[0] == "/" or ".." in parts:
            raise ValueError(f"{path!r} is not a path below the job's folder")
    return sorted(files)
