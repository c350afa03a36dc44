"""Where scenarios and templates are read from: one folder, found once and handed around."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.errors import EnvironmentRefusedError, UnknownNameError, UsageError


@dataclass(frozen=True, slots=True)
class Lab:
    """A folder with ``scenarios/`` and ``go_templates/``: a checkout, a user's own, or the wheel's copies."""

    root: Path
    is_checkout: bool

    @property
    def scenarios(self) -> Path:
        """The folder of the manifests and the simulated twins."""
        return self.root / "scenarios"

    @property
    def templates(self) -> Path:
        """The folder of the Go templates."""
        return self.root / "go_templates"

    def names(self) -> tuple[str, ...]:
        """The ids of all scenarios, sorted."""
        return tuple(sorted(path.stem for path in self.scenarios.glob("*.toml") if path.stem != "claims"))

    def manifest(self, name: str) -> Path:
        """The manifest of scenario *name*; UnknownNameError names the nearest."""
        names = self.names()
        if name not in names:
            raise UnknownNameError("scenario", name, names)
        return self.scenarios / f"{name}.toml"


def find(root: Path | None, start: Path) -> Lab:
    """The lab at *root*, else the nearest one at or above *start*, else the one that the package came with."""
    if root is not None:
        if not (root / "scenarios").is_dir():
            raise UsageError(f"{root} has no folder scenarios/", hint="give --root the folder that holds it")
        return Lab(root.resolve(), is_checkout=True)
    beside_the_package = Path(__file__).parent.parent  # a checkout that is installed in place
    for folder in (start, *start.parents, beside_the_package):
        if (folder / "scenarios").is_dir() and (folder / "go_templates").is_dir():
            return Lab(folder, is_checkout=True)
    packaged = Path(__file__).parent / "_lab"
    if (packaged / "scenarios").is_dir():
        return Lab(packaged, is_checkout=False)
    raise EnvironmentRefusedError(
        f"no scenarios: neither at {start} or above it nor in the installed package",
        hint="run golab inside a checkout, give --root, or install the package whole",
    )
