"""Where golab's own engine has its things: one folder, which tells them from those of any other engine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = "GOLAB_ENGINE_DIR"
"""The environment variable that names another folder for the engine."""

_DEFAULT_FOLDER: Final = "/var/lib/golab/engine"
_MARK: Final = "made-by-golab"
"""The file that says that a folder is an engine's, and so may be removed whole."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the engine's things are: all below one folder."""

    folder: Path

    @property
    def data(self) -> Path:
        """Images, containers, volumes."""
        return self.folder / "data"

    @property
    def exec(self) -> Path:
        """What lives as long as its processes."""
        return self.folder / "exec"

    @property
    def pid(self) -> Path:
        """Dockerd's pid file."""
        return self.folder / "dockerd.pid"

    @property
    def containerd_pid(self) -> Path:
        """The pid file of the containerd that dockerd starts."""
        return self.exec / "containerd" / "containerd.pid"

    @property
    def socket(self) -> Path:
        """Where it answers."""
        return self.folder / "docker.sock"

    @property
    def log(self) -> Path:
        """What dockerd says."""
        return self.folder / "dockerd.log"

    @property
    def config(self) -> Path:
        """A configuration of our own: that of the machine's own engine, in /etc/docker, may contradict our flags."""
        return self.folder / "daemon.json"

    @property
    def key(self) -> Path:
        """What dockerd up to release 23 takes its id from."""
        return self.folder / "key.json"

    @property
    def mark(self) -> Path:
        """What tells the engine's folder from one that holds something else."""
        return self.folder / _MARK

    @property
    def cgroup(self) -> str:
        """The name of the cgroup that all its containers are in."""
        return f"golab-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:8]}"

    @property
    def url(self) -> str:
        """As DOCKER_HOST has it."""
        return f"unix://{self.socket}"


def places(environ: Mapping[str, str]) -> Places:
    """Where *environ* wants the engine, else below /var/lib/golab."""
    return Places(Path(environ.get(FOLDER) or _DEFAULT_FOLDER).resolve())  # mounts have no links
