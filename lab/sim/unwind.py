"""Deferred calls: what is in a body's ``finally`` runs when its goroutine exits or panics, and may yield (panic.go)."""

from __future__ import annotations

from typing import Any

from lab.sim.operation import Body
from lab.sim.result import GoPanicError
from lab.sim.state import Goroutine


class GoexitError(BaseException):
    """Goexit on its way up: a ``finally`` runs, nothing catches it."""


def unwind(g: Goroutine, error: GoexitError | GoPanicError) -> None:
    """Have *error* leave the goroutine's bodies, innermost first; a panic is raised again when it has left the last."""
    bodies = [g.body, *reversed(g.callers or ())]
    g.body, g.callers = _unwinding(bodies, error), None


def _unwinding(bodies: list[Body], error: GoexitError | GoPanicError) -> Body:
    for body in bodies:
        try:
            yield from _thrown(body, error)
        except (GoexitError, GoPanicError):
            continue
    if isinstance(error, GoPanicError):
        raise error


def _thrown(body: Body, error: BaseException) -> Body:
    """What *body* still yields after *error* was thrown into it; what is thrown in here goes there."""
    try:
        operation = body.throw(error)
        while True:
            value: Any = None
            thrown: BaseException | None = None
            try:
                value = yield operation
            except (GoexitError, GoPanicError) as another:
                thrown = another
            operation = body.send(value) if thrown is None else body.throw(thrown)
    except StopIteration:
        return
