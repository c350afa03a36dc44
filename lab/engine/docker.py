"""The one door to the Docker SDK: builds and agents in containers that have no network and can write almost nothing."""

from __future__ import annotations

import contextlib
import io
import tarfile
import time
import uuid
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import docker
import docker.errors
from docker.models.containers import Container as SDKContainer
from docker.types import LogConfig, Mount, Ulimit
from urllib3.exceptions import HTTPError  # what the SDK lets through while it reads a stream

from lab.engine import address, folders, foreign, images, limits, said, sweeping
from lab.engine.attached import Attached, reading
from lab.engine.base import CAPTURES, FOLDER, BaseImage, Container, Exited, Job, Spec, Tree
from lab.engine.images import Image
from lab.engine.loaded import Loaded
from lab.engine.packing import WHOLE, packed, packed_tree
from lab.engine.places import Places, relative
from lab.engine.stream import STDERR, STDOUT, Stream
from lab.engine.sweeping import GONE_OR_GOING, Swept
from lab.errors import EngineUnavailableError, EnvironmentRefusedError
from lab.host import journal, scratch
from lab.host.owner import RUN, Owner

CACHE_LABEL: Final = "golab.cache"
"""Marks the volumes that outlive their job."""

_WORK: Final = "/golab/work"
_CACHE: Final = "/golab/cache"
_TREE: Final = "/golab/tree"
"""The job's tree in an image that is not ours, which may have something of its own where the tree wants to be."""
_CAPTURES: Final = "/golab/captures"
_SHOWN: Final = "/golab/shown"
_TMP: Final = "/tmp"  # noqa: S108 - the container's own tmpfs
_TMPFS: Final = "rw,exec,nosuid,nodev,mode=1777"
_JOB_PIDS: Final = 1024
_OUTPUT_LIMIT: Final = 4 << 20
"""Bytes of a job's words that are kept of each stream."""
_CONNECT_SECONDS: Final = 5
_CALL_SECONDS: Final = 120
_GRACE_SECONDS: Final = 2.0
"""How long an agent may take to end by itself; it takes some 64 ms."""


class DockerEngine:
    """The engine ``docker``. Layers' digests are kept below *cache*; containers carry *owner*'s labels."""

    name = "docker"

    def __init__(self, client: docker.DockerClient, *, url: str, cache: Path, owner: Owner) -> None:
        self._client = client
        self._url = url
        self._cache = cache / "layers"
        self._owner = owner
        self._book = journal.Journal(journal.FOLDER, owner)
        self._images = Loaded(client)
        self._repository = scratch.named("image", owner)  # of images that go with their run
        self._said: dict[str, Any] = {}

    def describe(self) -> Mapping[str, Any]:
        """Versions, storage, runtime, cgroups and what the engine warns of; JSON values only."""
        if not self._said:
            with _sdk_errors("describe itself"):
                tls = str(self._client.api.base_url).startswith("https")
                self._said = {"engine": self.name, "url": self._url, "tls": tls} | described(self._client)
        return self._said

    def image_of(self, spec: Spec, /) -> str:
        """The id of *spec*'s image, computed."""
        return self._image(spec).id

    def base(self, wanted: str | Tree, /) -> BaseImage:
        """An image of the tree, or the one that the engine has by that name; see :mod:`lab.engine.foreign`."""
        if isinstance(wanted, Tree):
            return BaseImage(image=images.of_trees([wanted], self._cache).id, tree=wanted)
        foreign.refuse_misnamed(wanted)
        with _sdk_errors("look for an image"):
            try:
                return foreign.base_of(wanted, self._client.images.get(wanted).attrs)
            except docker.errors.ImageNotFound:
                known = [tag for image in self._client.images.list() for tag in image.tags]
        raise foreign.unknown(wanted, known)

    def refuse(self, spec: Spec, /) -> None:
        """By what the engine says of itself; what only the kernel knows is found out when a container starts."""
        limits.refuse_beyond(spec, self.describe())

    def strangers(self) -> tuple[str, ...]:
        """The running containers that do not carry this run's label."""
        with _sdk_errors("list containers"):
            running = self._client.api.containers()
        own = self._owner.labels()[RUN]
        return tuple(each["Names"][0].lstrip("/") for each in running if each["Labels"].get(RUN) != own)

    def run_job(self, job: Job, /) -> Exited:
        """Run one command to its end in a container of its own; the files travel through the engine's API."""
        if job.shown and address.elsewhere(self.describe()):
            raise EnvironmentRefusedError(
                f"the engine at {self._url} is another machine's, and cannot be shown"
                f" {', '.join(map(str, job.shown.values()))} of this one",
                hint="bring what the job needs along (Go modules: go mod vendor), or use an engine of this machine",
            )
        mounts = [
            Mount(_WORK, None, type="volume", labels=self._owner.labels()),
            Mount(_CACHE, f"golab-{job.cache}", type="volume", labels={CACHE_LABEL: job.cache}),
        ]
        if job.base is not None and job.base.tree is None:
            reference, tree = job.base.image, _TREE
            mounts.append(self._filled(job.tree, reference))
        else:
            tree = job.tree.at
            below = [job.base.tree] if job.base is not None and job.base.tree is not None else []
            reference = self._ensured(images.of_trees([*below, job.tree], self._cache))
        shown = {name: f"{_SHOWN}/{name}" for name in job.shown}
        mounts += [
            Mount(shown[name], str(path), type="bind", read_only=True) for name, path in job.shown.items()
        ]
        places = Places(tree=tree, work=_WORK, cache=_CACHE, tmp=_TMP, shown=shown)
        with self._created(
            reference,
            entrypoint=places.argv(job),
            environment=foreign.environment(job.base, places.environment(job)),
            user="0:0",
            healthcheck={"test": ["NONE"]},
            working_dir=_WORK,
            mounts=mounts,
            **limits.of(memory_bytes=job.memory_bytes, pids=_JOB_PIDS),
        ) as container:
            with _sdk_errors("take the job's files"):
                container.put_archive(_WORK, packed(places.files(job)))
            with contextlib.closing(_attached(container, stdin=False)) as stream:
                _start(container)
                with _sdk_errors("pass on a job's words"):
                    ended = time.monotonic() + job.timeout / 1e9
                    stdout, stderr, in_time = stream.until(ended, _OUTPUT_LIMIT)
            if not in_time:
                return Exited(exit_code=None, stdout=stdout, stderr=stderr)
            with _sdk_errors("say how the job ended"):
                exit_code = int(container.wait(timeout=_CALL_SECONDS)["StatusCode"])
                outputs = {
                    path: found
                    for path in relative(job.outputs)
                    if (found := _file_of(container, f"{_WORK}/{path}")) is not None
                }
        return Exited(exit_code=exit_code, stdout=stdout, stderr=stderr, outputs=outputs)

    @contextlib.contextmanager
    def opened(self, spec: Spec, captures: Path | None = None, /) -> Generator[Container]:
        """A started container whose first process is the agent, removed however the block ends."""
        self.refuse(spec)
        image = self._image(spec)
        kept = captures.resolve() if captures and not address.elsewhere(self.describe()) else None
        with (
            folders.made(spec.folder, self._cache.parent, self._book, spec.laid) as shown,
            self._loaded(spec, image) as reference,
            self._created(
                reference,
                command=list(spec.agent),
                mounts=_binds({FOLDER: shown, _CAPTURES: kept}),
                environment={CAPTURES: _CAPTURES} if kept else {},
                stdin_open=True,  # and, not being detached, StdinOnce: the agent sees the end of its input
                dns=["127.0.0.1"],
                **limits.of_spec(spec),
            ) as container,
        ):
            stream = _attached(container, stdin=True)
            attached = Attached(image.id, write=stream.socket.sendall, why_gone=lambda: _why_gone(container))
            takers = {STDOUT: attached.lines.feed, STDERR: attached.said.feed}
            reader = reading(lambda: stream.feed(takers), attached.lines.end)
            try:
                _start(container)
                yield attached
            finally:
                stream.end_input()
                reader.join(_GRACE_SECONDS)
                stream.close()
                reader.join()

    def forget(self, *, dry: bool = False) -> list[str]:
        """Remove the volumes of caches and the images that the lab made, unless it is *dry*, and name them; what is in use stays."""
        with _sdk_errors("remove what it keeps"):
            volumes = self._client.volumes.list(filters={"label": CACHE_LABEL})
            kept: dict[str, Callable[[], object]] = {f"volume {each.name}": each.remove for each in volumes}
            for image in self._client.images.list(filters={"label": images.LABEL}):
                kept[f"image {image.id}"] = partial(self._client.images.remove, str(image.id), force=True)
            return [name for name, remove in kept.items() if dry or _is_granted(remove)]

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _image(self, spec: Spec) -> Image:
        image = images.of_spec(spec, self._cache, self._owner.run)
        return replace(image, repository=self._repository) if images.is_own(spec) else image

    @contextlib.contextmanager
    def _loaded(self, spec: Spec, image: Image) -> Generator[str]:
        """What the engine calls the *image* of *spec*. One that is a run's own is loaded anew, and gone in the end."""
        if spec.trees:  # they are large, and many images stand on them
            self._ensured(images.of_trees(spec.trees, self._cache))
        with contextlib.ExitStack() as stack:
            if images.is_own(spec):
                stack.enter_context(self._images.forgotten(image))
            yield self._ensured(image, above=len(spec.trees))

    def _ensured(self, image: Image, above: int = 0) -> str:
        with _sdk_errors("load an image"):
            return self._images.ensured(image, above)

    def _filled(self, tree: Tree, reference: str) -> Mount:
        """A mount that shows *tree* in a container of an image that is not ours; its volume is filled once, and kept.

        Nothing is started for that: a container that is only created takes files into its volumes, too.
        """
        named: dict[str, Any] = {"source": f"golab-tree-{tree.key}", "type": "volume", "no_copy": True}
        writable = Mount(_TREE, **named, labels={CACHE_LABEL: tree.key})
        with (
            self._created(reference, entrypoint=["-"], mounts=[writable]) as container,
            _sdk_errors("take the tree of a job"),
        ):
            if _file_of(container, f"{_TREE}/{WHOLE}") != tree.key.encode():
                archive: Any = packed_tree(tree)  # any iterable of bytes, whatever the SDK's types say
                container.put_archive(_TREE, archive)
        return Mount(_TREE, **named, read_only=True)

    @contextlib.contextmanager
    def _created(self, reference: str, **settings: Any) -> Generator[SDKContainer]:  # noqa: ANN401 - the SDK's keywords
        with _sdk_errors("create a container"):
            container = self._client.containers.create(
                reference,
                name=f"golab-{uuid.uuid4().hex[:12]}",
                labels=self._owner.labels(),
                hostname="golab",
                network_mode="none",
                ipc_mode="none",
                cap_drop=["ALL"],
                security_opt=["no-new-privileges:true"],
                read_only=True,
                tmpfs={_TMP: _TMPFS},
                log_config=LogConfig(type="none"),
                ulimits=[Ulimit(name="core", soft=0, hard=0)],
                **settings,
            )
        with contextlib.ExitStack() as stack:
            stack.push(lambda raised, *_: _remove(container, quietly=raised is not None))
            yield container


def connect(environ: Mapping[str, str], url: str) -> docker.DockerClient:
    """A client of the engine at *url*, which has answered; *environ* may hold Docker's own settings for TLS.

    EngineUnavailableError says why not.
    """
    address.knock(url)
    try:
        client = docker.from_env(
            timeout=_CONNECT_SECONDS, environment={**environ, "DOCKER_HOST": url}, use_ssh_client=True
        )
    except (docker.errors.DockerException, OSError, HTTPError, ValueError) as error:  # ValueError: no address
        raise EngineUnavailableError(f"no engine answers at {url}: {error}") from error
    client.api.timeout = _CALL_SECONDS
    return client


def identity(client: docker.DockerClient) -> tuple[str, str]:
    """What tells an engine from any other, however it is reached: its id, which two on one machine may share, and where its data are."""
    with _sdk_errors("describe itself"):
        info = client.info()
    return str(info.get("ID")), str(info.get("DockerRootDir"))


def described(client: docker.DockerClient) -> dict[str, Any]:
    """What an engine says about itself, as far as it bears on a measurement."""
    return said.described(client.info(), client.version())


def sweep(client: docker.DockerClient, owner: Owner, *, dry: bool = False) -> Swept:
    """Remove what certainly dead golabs of *owner*'s machine left, unless it is *dry*, and name it: containers, volumes and images of their own."""
    with _sdk_errors("remove what dead runs left"):
        return sweeping.sweep(client, owner, dry=dry)


def _is_granted(removal: Callable[[], object]) -> bool:
    with contextlib.suppress(docker.errors.APIError):
        removal()
        return True
    return False


@contextlib.contextmanager
def _sdk_errors(doing: str) -> Generator[None]:
    """The SDK's errors as the lab's, by type and status code."""
    try:
        yield
    except docker.errors.APIError as error:
        said = error.explanation or str(error)
        raise EnvironmentRefusedError(
            f"the engine would not {doing} ({error.status_code}): {said}"
        ) from error
    except (docker.errors.DockerException, OSError, HTTPError) as error:
        raise EngineUnavailableError(
            f"the engine went away while it should {doing}: {error}",
            hint="is its daemon still running? golab doctor says, and what helps",
        ) from error


def _binds(places: Mapping[str, Path | None]) -> list[Mount]:
    return [Mount(at, str(path), type="bind") for at, path in places.items() if path]


def _start(container: SDKContainer) -> None:
    with _sdk_errors("start a container"):
        container.start()


def _attached(container: SDKContainer, *, stdin: bool) -> Stream:
    """The container's stream, had before the start so that nothing of it is missed (log driver none keeps nothing)."""
    asked = {"stdin": int(stdin), "stdout": 1, "stderr": 1, "stream": 1}
    with _sdk_errors("attach to a container"):
        return Stream(container.attach_socket(params=asked))


def _why_gone(container: SDKContainer) -> str:
    try:
        container.reload()
    except docker.errors.APIError as error:
        return f"its container cannot be asked ({error.explanation or error})"
    except (docker.errors.DockerException, OSError, HTTPError):
        return "its engine does not answer any more (golab doctor says what is there and what helps)"
    state = container.attrs["State"]
    if state["Running"]:
        return "its stream ended while its container still runs"
    oom = " after something in it was killed for want of memory" if state["OOMKilled"] else ""
    return f"its container ended with exit code {state['ExitCode']}{oom}"


def _file_of(container: SDKContainer, path: str) -> bytes | None:
    """The regular file at *path* in the container, if there is one."""
    try:
        chunks, _ = container.get_archive(path)
    except docker.errors.NotFound:
        return None
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        member = archive.next()
        file = archive.extractfile(member) if member is not None and member.isfile() else None
        return file.read() if file is not None else None


def _have_removed(container: SDKContainer) -> None:
    with _sdk_errors("remove a container"):
        try:
            container.remove(force=True, v=True)
        except docker.errors.APIError as error:
            if error.status_code not in GONE_OR_GOING:
                raise


def _remove(container: SDKContainer, *, quietly: bool) -> None:
    """Remove *container* with its volumes; *quietly* when an error is already on its way, which must not be hidden.

    An engine that has died cannot, and what was measured is not lost for that: the agent ends without its owner's
    beat, and the next start removes the container by its labels.
    """
    try:
        _have_removed(container)
    except EnvironmentRefusedError as error:
        if not (quietly or isinstance(error, EngineUnavailableError)):
            raise
