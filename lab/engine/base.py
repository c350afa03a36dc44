"""What the lab asks of an engine, whichever it is.

An engine knows files, commands and containers; it knows neither Go nor scenarios. It does two things:
run one command to its end on files that it is given (:meth:`Engine.run_job`, a build), and keep a
container open with an agent as its first process (:meth:`Engine.opened`, a measurement). Paths inside
are POSIX paths as the container sees them; the host engine, which has no root of its own to give, answers
where they really are: for a job through ``{tree}`` and its siblings, for an agent by :meth:`Container.path`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from lab.model.folder import Laid
from lab.model.units import Nanos


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A folder of this machine that a job or a container may read, and the name of its content.

    ``key`` identifies the content (equal keys, equal bytes), so that an engine can keep an image of it;
    it uses only ``[a-z0-9._-]``. ``at`` is the absolute path at which an image made of it shows it.
    """

    key: str
    path: Path
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseImage:
    """What lies below a job's tree: the image with this id (``sha256:…``), whose programs are in the folders of ``path``.

    ``tree`` is what the lab makes it of; None means that the engine has it. Then ``digests`` are the names by which a
    registry knows it, and ``variables`` those that its own environment sets: no job gets them.
    """

    image: str
    path: str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    tree: Tree | None = None
    digests: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One command, run to its end without a network.

    ``argv`` and the values of ``environment`` may hold ``{tree}``, ``{work}``, ``{cache}`` and ``{tmp}``: where
    the tree, the files, the cache and an empty writable folder are; other braces are the command's own. ``shown`` are folders
    of this machine that the command may read and not write, by the names that then may stand in braces, too.
    ``files`` (relative path to content) are laid into ``{work}``, which is writable and where the command
    starts, and so are ``texts``, which may hold the same places; ``outputs`` (relative paths) are read back from it when the command has ended by itself, whatever
    its exit code. ``environment`` is the whole environment. ``cache`` names a folder that is kept between jobs;
    it uses only ``[a-z0-9._-]``. ``base`` comes from the engine's :meth:`Engine.base`; without one there is nothing but
    the tree, or with the host engine what this machine has. ``memory_bytes`` holds where the engine can limit memory.
    """

    tree: Tree
    files: Mapping[str, bytes]
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    cache: str
    outputs: tuple[str, ...]
    timeout: Nanos
    memory_bytes: int = 4 << 30
    base: BaseImage | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    shown: Mapping[str, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exited:
    """How a job ended: its exit code (None: ended at its time limit), its words, the outputs that it made.

    Of each stream the first 4 MiB are kept. A signal that ended it shows as the engine shows it: 137 or -9.
    """

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    outputs: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file of a container's image; ``path`` is absolute. One that is ``linked_to`` another is a second name of it, without a content of its own."""

    path: str
    content: bytes = field(repr=False)
    executable: bool = True
    linked_to: str = ""


FOLDER: Final = "/golab/fs"
"""Where a container shows the folder that a :class:`Spec` asks for."""
CAPTURES: Final = "GOLAB_CAPTURES"
"""The variable of an agent's environment that names the file to which it appends what it has measured (docs/wire.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A container: its files, the agent that is its first process, and its limits.

    Equal specs are one container. ``cpuset`` are CPUs as the kernel writes lists (``0-1,4``), ``quota`` is in CPUs' worth
    of time, ``memory_is_asked`` says that a user wants that limit and not merely a bound. ``folder`` is what
    :data:`FOLDER` lies on: ``overlay:N`` an image of N layers, each above the program's (of less than three layers: the last) with a file ``layer-K`` of its own
    there, the lowest first; ``overlay-mount:N`` a mount of N such lower directories; ``bind`` a folder of the machine;
    ``tmpfs`` has none. In its layers lie the files ``laid``. ``agent`` is the argv of the first process; its first item, like every path that the lab later
    gives the agent, goes through :meth:`Container.path`. ``trees`` lie below the files, the lowest first; the host engine,
    which has no root to put them at, has each where it is, and this machine below them.
    """

    files: tuple[File, ...]
    agent: tuple[str, ...]
    memory_bytes: int
    pids: int
    cpuset: str = ""
    quota: float | None = None
    memory_is_asked: bool = False
    folder: str = "tmpfs"
    laid: tuple[Laid, ...] = ()
    trees: tuple[Tree, ...] = ()


class Container(Protocol):
    """A running container with its agent: lines in, lines out; ``/tmp`` is there, empty and writable."""

    @property
    def image(self) -> str:
        """The digest of what it runs, ``sha256:…``: of the same files the same, on any engine."""

    def path(self, inside: str, /) -> str:
        """Where a file of the image really is, for whoever starts it."""

    def send(self, line: bytes, /) -> None:
        """Write one line to the agent; safe from several threads. MeasurementError if it is gone."""

    def receive(self, timeout: float, /) -> bytes | None:
        """The agent's next line without its newline; None after *timeout* seconds.

        MeasurementError if the agent is gone, with what is known of why.
        """


class Engine(Protocol):
    """Something that can build and run programs. ``name`` is ``docker`` or ``host``."""

    @property
    def name(self) -> str:
        """The engine's name, as in ``--engine``."""

    def describe(self) -> Mapping[str, Any]:
        """What it is, for the record: versions, storage driver, runtime, cgroup version; JSON values only."""

    def image_of(self, spec: Spec, /) -> str:
        """The digest of the image that *spec* gives, computed without starting anything."""

    def base(self, wanted: str | Tree, /) -> BaseImage:
        """What jobs can stand on: an image that the engine has by the name *wanted*, or one of that tree.

        UsageError if it has none, or none that fits; EnvironmentRefusedError if it has no root of its own to give.
        """

    def refuse(self, spec: Spec, /) -> None:
        """EnvironmentRefusedError, with the reason, where it could not give a container all that *spec* asks for."""

    def strangers(self) -> tuple[str, ...]:
        """The names of the containers that run on it and are none of this run's; EngineUnavailableError if it went away."""

    def run_job(self, job: Job, /) -> Exited:
        """Run one command to its end and clean up after it.

        EnvironmentRefusedError if it cannot be started; EngineUnavailableError if the engine went away.
        """

    def opened(self, spec: Spec, captures: Path | None = None, /) -> AbstractContextManager[Container]:
        """A started container, gone on exit however the block ends; its agent is shown the file *captures*, if it can be.

        EnvironmentRefusedError if it cannot be started as *spec* asks, with the reason.
        """
