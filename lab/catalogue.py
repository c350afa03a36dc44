"""Where scenarios and templates are read from: one folder, found once and handed around."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lab.errors import EnvironmentRefusedError, UnknownNameError, UsageError

_VALIDATION: Final = "validate"
_CLAIMS: Final = "claims"
"""The name of the one file in scenarios/ that is no scenario."""


@dataclass(frozen=True, slots=True)
class Lab:
    """A folder with ``scenarios/`` and ``go_templates/``: a checkout, a user's own, or the wheel's copies."""

    root: Path
    is_checkout: bool
    within: str = ""
    """A folder of scenarios/ and of go_templates/ whose scenarios these are; empty for those that a user is shown."""

    @property
    def scenarios(self) -> Path:
        """The folder of the manifests and the simulated twins."""
        return self.root / "scenarios" / self.within

    @property
    def templates(self) -> Path:
        """The folder of the Go templates."""
        return self.root / "go_templates" / self.within

    @property
    def validation(self) -> Lab:
        """What the simulator is judged by, laid out as scenarios are: the copies that golab came with, where this lab has none."""
        own = self if (self.root / "scenarios" / _VALIDATION).is_dir() else _packaged()
        return replace(own, within=_VALIDATION)

    @property
    def claims(self) -> Path:
        """The register of claims."""
        return self.scenarios / f"{_CLAIMS}.toml"

    @property
    def tools(self) -> Path:
        """The folder of the lab's own Go, ``agent`` and ``internal/lab``: a user's own lab need not have them."""
        own = self.root / "go_templates"
        return own if (own / "agent").is_dir() else _packaged().templates

    @property
    def overlays(self) -> tuple[Path, ...]:
        """The folders of the overlays of Go's own sources: this lab's, then those that golab came with."""
        return tuple(
            dict.fromkeys(folder / "overlays" for folder in (self.root / "go_templates", self.tools))
        )

    def neighbour(self, name: str) -> Path:
        """The folder in which there is a folder *name* with the program of a neighbour; UnknownNameError names the nearest."""
        folders = [above / "neighbours" for above in (self.root / "go_templates", self.tools)]
        for folder in folders:
            if (folder / name).is_dir():
                return folder
        known = {path.name for folder in folders if folder.is_dir() for path in folder.iterdir()}
        raise UnknownNameError("neighbour", name, sorted(known))

    def names(self) -> tuple[str, ...]:
        """The ids of all scenarios, sorted."""
        return tuple(sorted(path.stem for path in self.scenarios.glob("*.toml") if path.stem != _CLAIMS))

    def matrices(self) -> dict[str, Path]:
        """The files of all matrices by their names, sorted."""
        return {path.stem: path for path in sorted((self.root / "experiments").glob("*.toml"))}

    def matrix(self, name: str) -> Path:
        """The file of a matrix: a path, or a name in ``experiments/``; UnknownNameError names the nearest."""
        if Path(name).is_file():
            return Path(name)
        known = self.matrices()
        if name not in known:
            raise UnknownNameError("matrix (and no file)", name, known)
        return known[name]

    def manifest(self, name: str) -> Path:
        """The manifest of scenario *name*; UnknownNameError names the nearest."""
        names = self.names()
        if name not in names:
            raise UnknownNameError("scenario", name, names)
        return self.scenarios / f"{name}.toml"


def find(root: Path | None, start: Path) -> Lab:
    """The lab at *root*, else the nearest one at or above *start*, else the one that the package came with."""
    if root is not None:
        if not _is_folder(root / "scenarios"):
            raise UsageError(f"{root} has no folder scenarios/", hint="give --root the folder that holds it")
        return Lab(root.resolve(), is_checkout=True)
    for folder in (start, *start.parents):
        if _is_folder(folder / "scenarios") and _is_folder(folder / "go_templates"):
            return Lab(folder, is_checkout=True)
    return _packaged()


def _is_folder(path: Path) -> bool:
    """Whether *path* is one; what this user may not look into is none: ``su`` and ``sudo -u`` stay where root was."""
    try:
        return path.is_dir()
    except PermissionError:
        return False


def _packaged() -> Lab:
    """The checkout that the package is installed from in place, else the copies that the wheel carries."""
    package = Path(__file__).parent
    if (package.parent / "go_templates").is_dir():
        return Lab(package.parent, is_checkout=True)
    if (package / "_lab" / "go_templates").is_dir():
        return Lab(package / "_lab", is_checkout=False)
    raise EnvironmentRefusedError(
        f"the package at {package} came without its scenarios and templates",
        hint="install golab whole, or give --root",
    )
