"""Which of the lab's images a Docker engine has. Errors are the SDK's own; :mod:`lab.engine.docker` makes the lab's of them."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from typing import Any

import docker
import docker.errors
from urllib3.exceptions import HTTPError

from lab.engine.images import Image
from lab.errors import EnvironmentRefusedError


class Loaded:
    """The images that the engine of *client* has, as far as they were asked for."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._client = client
        self._present: dict[str, str] = {}

    def ensured(self, image: Image, above: int = 0) -> str:
        """What the engine calls *image*, which is loaded first if the engine does not have it.

        It has an image of its *above* lowest layers: only what lies on them has to be sent, where the engine's store allows that.
        """
        if image.id not in self._present:
            found = self._known_as(image)
            if found is None and above:
                with contextlib.suppress(EnvironmentRefusedError, docker.errors.APIError):
                    self._load(image, above)
                    found = self._known_as(image)
            if found is None:
                self._load(image)
                found = self._known_as(image)
            if found is None:
                raise EnvironmentRefusedError(f"the engine took the image {image.tag} and does not have it")
            self._present[image.id] = found
        return self._present[image.id]

    @contextlib.contextmanager
    def forgotten(self, image: Image) -> Generator[None]:
        """The engine without *image* before and after; what stays all the same the next golab removes, if its name says whose it is."""
        self._remove(image)
        try:
            yield
        finally:
            self._remove(image)

    def _remove(self, image: Image) -> None:
        self._present.pop(image.id, None)
        with contextlib.suppress(docker.errors.DockerException, OSError, HTTPError):
            if found := self._known_as(image):
                self._client.images.remove(found, force=True)

    def _known_as(self, image: Image) -> str | None:
        for reference in (image.id, image.tag):
            with contextlib.suppress(docker.errors.ImageNotFound):
                self._client.images.get(reference)
                return reference
        return None

    def _load(self, image: Image, above: int = 0) -> None:
        archive: Any = image.archive(above)  # any iterable of bytes will do, whatever the SDK's types say
        try:
            self._client.images.load(archive)
        except docker.errors.ImageLoadError as error:
            raise EnvironmentRefusedError(
                f"the engine would not load the image {image.tag}: {error}"
            ) from error
