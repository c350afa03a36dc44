"""What golabs have left in a Docker engine, thing by thing. Errors are the SDK's own; :mod:`lab.engine.docker` makes the lab's of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import docker
import docker.errors

from lab.engine import images
from lab.host import scratch
from lab.host.owner import RUN, Owner

GONE_OR_GOING: Final = (404, 409)
"""What an engine says of a container that somebody else has removed, or removes."""
_GONE: Final = (404,)


@dataclass(frozen=True, slots=True)
class Swept:
    """What is gone, or would be; what the engine would not remove, each in a sentence; and what is of golabs that nobody here can tell dead from living."""

    removed: tuple[str, ...] = ()
    stuck: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thing:
    name: str
    owner: Owner
    remove: Callable[[], object]
    forgiven: tuple[int, ...] = _GONE


def sweep(client: docker.DockerClient, owner: Owner, *, dry: bool = False) -> Swept:
    """Remove what is of certainly dead golabs, as *owner* sees it, unless it is *dry*: containers first, on which the rest hangs.

    Whatever the engine refuses is told, and hinders nothing else.
    """
    removed, stuck, foreign = list[str](), list[str](), list[str]()
    for kind, things in _KINDS.items():
        try:
            found = list(things(client.api, owner))
        except docker.errors.APIError as error:
            stuck.append(f"{kind} of dead runs stay: the engine would not list any ({_words(error)})")
            continue
        foreign += [each.name for each in found if each.owner.is_foreign(seen_from=owner)]
        dead = [each for each in found if each.owner.is_dead(seen_from=owner)]
        for each in dead:
            if why := "" if dry else _refusal(each):
                stuck.append(f"{each.name} of a dead run stays: the engine would not remove it ({why})")
            else:
                removed.append(each.name)
    return Swept(tuple(removed), tuple(stuck), tuple(foreign))


def _containers(api: Any, _owner: Owner) -> Iterator[_Thing]:  # noqa: ANN401 - the SDK's, whose types know less than it tells
    for each in api.containers(all=True, filters={"label": RUN}):
        if (owner := Owner.from_labels(each["Labels"] or {})) is not None:
            name = (each["Names"] or [each["Id"]])[0].lstrip("/")  # one that is half removed has none
            yield _Thing(
                name=f"container {name}",
                owner=owner,
                remove=partial(api.remove_container, each["Id"], force=True, v=True),
                forgiven=GONE_OR_GOING,
            )


def _volumes(api: Any, _owner: Owner) -> Iterator[_Thing]:  # noqa: ANN401 - likewise
    """Listed when the dead's containers are gone, and their volumes with them: what is left has outlived its container."""
    for each in api.volumes(filters={"label": RUN})["Volumes"] or []:
        if (owner := Owner.from_labels(each["Labels"] or {})) is not None:
            name = each["Name"]
            yield _Thing(name=f"volume {name}", owner=owner, remove=partial(api.remove_volume, name))


def _images(api: Any, own: Owner) -> Iterator[_Thing]:  # noqa: ANN401 - likewise
    """Those that are a run's own tell by their names whose; a label would make each golab's another image."""
    for each in api.images(filters={"label": images.LABEL}):
        for tag in each["RepoTags"] or []:
            repository = tag.rpartition(":")[0].rpartition("/")[2]
            if (owner := scratch.owner_of(repository, own)) is not None:
                yield _Thing(name=f"image {tag}", owner=owner, remove=partial(api.remove_image, tag))


_KINDS: Final[dict[str, Callable[[Any, Owner], Iterator[_Thing]]]] = {
    "containers": _containers,
    "volumes": _volumes,
    "images": _images,
}


def _refusal(thing: _Thing) -> str:
    """Why the engine would not remove it; empty where it is gone."""
    try:
        thing.remove()
    except docker.errors.APIError as error:
        return "" if error.status_code in thing.forgiven else _words(error)
    return ""


def _words(error: docker.errors.APIError) -> str:
    return f"{error.status_code}: {' '.join(str(error.explanation or error).split())}"
