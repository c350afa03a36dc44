"""Costs that cannot be measured alone, because what they are of never happens alone: differences within one process.

A round trip over unbuffered channels on one P has four operations and two switches. A buffered operation is measured
alone, so what is left is the switches'. Each rule here says what a compound value is made of, in the simulator's own
terms; each is applied within a process, whose medians are subtracted from its compound values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lab.calibrate.primitive import Levels, Measured, Primitive
from lab.stats.process import quantile

_SLEPT_LONGEST: Final = 60_000_000_000
"""Threads that slept for longer than was measured wake like those that slept the longest measured."""

_TICK: Final = 1_000_000
"""The shortest period of ticks (CONFIG_HZ=1000)."""
_PS: Final = (2, 128)
"""How many Ps an idle process has: go_templates/calibrate, idleCycles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``cost`` is (``compound`` - the sum of ``parts``, each so many times) / ``shared``, at the compound's levels.

    A part is taken where it has no levels that the compound has not. ``only`` are levels that the compound has to have, which the cost then has no more; ``adds`` are its own.
    """

    cost: str
    compound: str
    parts: Mapping[str, float]
    shared: float = 1
    only: Mapping[str, int | str] | None = None
    adds: Mapping[str, int | str] | None = None


RULES: Final = (
    # As the simulator charges them: one kind of channel operation, and with a switch all that parking and readying cost.
    # Of a round trip's four operations two are each side's, with two switches.
    Rule(cost="switch", compound="chan_round_trip", parts={"chan_op": 4}, shared=2),
    Rule(cost="go", compound="go_wave", parts={"switch": 1}),  # the whole of a short life but its switch
    Rule(
        cost="select",
        compound="select_round_trip",
        parts={"chan_op": 3, "switch": 2},
        adds={"how": "parks"},
    ),
    Rule(cost="sync", compound="sync_op", parts={}, only={"of": "mutex"}),
    # two that acquire, two that release, two switches
    Rule(cost="sema", compound="sema_round_trip", parts={"switch": 2}, shared=4),
    # each sleeper's timer fires, it is switched to, and adds its timer again
    Rule(cost="timer_fire", compound="sleep_wave", parts={"switch": 1, "timer_add": 1}),
    Rule(cost="syscall", compound="getppid_go", parts={"getppid": 1}),
    # what waking a thread on an idle CPU takes, in one number; the simulator draws wake_call and wake_run by place
    Rule(cost="futex_wake", compound="wake_call", parts={}, only={"gap": 100_000, "place": "idle"}),
    Rule(cost="epoll_overshoot", compound="epoll_wait_overshoot", parts={}, only={"ns": 1_000_000}),
    # Finer: what Gosched takes is a switch and nothing else; an operation on whose other side somebody waits, on average
    # over him who waits and him who hands over, costs more than one that finds room or a value.
    Rule(cost="schedule", compound="gosched", parts={}, only={"others": 1}),
    Rule(cost="chan_handed", compound="chan_round_trip", parts={"schedule": 2}, shared=4),
    Rule(cost="go_life", compound="go_wave", parts={"schedule": 1}),
    Rule(cost="go_exit", compound="go_life", parts={"go_new": 1}),
    Rule(cost="select_handed", compound="select_round_trip", parts={"chan_handed": 3, "schedule": 2}),
    Rule(cost="sema_handed", compound="sema_round_trip", parts={"schedule": 2}, shared=4),
    Rule(
        cost="thread_start", compound="thread_new_run", parts={"thread_new_call": 1}
    ),  # what both take is small
    Rule(cost="sleep_fire", compound="sleep_wave", parts={"schedule": 1, "timer_add": 1}),
    # What the first os.Open of a process takes beyond: its code is cold, and for a file that is there the poller is made.
    Rule(
        cost="open_start", compound="open_first_present", parts={"open_present": 1}, adds={"file": "present"}
    ),
    Rule(cost="open_start", compound="open_first_absent", parts={"open_absent": 1}, adds={"file": "absent"}),
    # A name that nobody has asked for is looked up in every layer; what one takes that the kernel knows is not there is no part of that.
    Rule(cost="open_lookup", compound="open_new", parts={"open_known": 1}),
)
"""In this order: a later one may use an earlier one's result."""


def derived(process: Measured) -> Measured:
    """What one round measured, and what follows from it. What a part is missing of is left out."""
    found = dict(process)
    for rule in RULES:
        for primitive, values in list(found.items()):
            if primitive.cost != rule.compound or (levels := _levels(rule, primitive.levels)) is None:
                continue
            parts = [_median(found, part, primitive.levels) for part in rule.parts]
            if None not in parts:
                subtracted = sum(
                    (part or 0.0) * times for part, times in zip(parts, rule.parts.values(), strict=True)
                )
                found[Primitive(rule.cost, levels)] = tuple(
                    (value - subtracted) / rule.shared for value in values
                )
    _latencies(found)
    _per_p(found)
    _without_ticks(found)
    return found


def _latencies(found: Measured) -> None:
    """A woken thread's latency from its waker's return, on an idle CPU: what the simulator asks for by gap alone."""
    latencies: dict[int, tuple[float, ...]] = {}
    for primitive, runs in found.items():
        levels = dict(primitive.levels)
        calls = found.get(Primitive("wake_call", primitive.levels))
        if primitive.cost == "wake_run" and levels["place"] == "idle" and calls is not None:
            call = quantile(calls, 0.5)
            latencies[int(levels["gap"])] = tuple(max(run - call, 0.0) for run in runs)
    if latencies:
        latencies[_SLEPT_LONGEST] = latencies[max(latencies)]
    for gap, values in latencies.items():
        found[Primitive("wake_latency", (("gap", gap),))] = values


def _without_ticks(found: Measured) -> None:
    """A new thread that shared its parent's CPU has waited for a tick there, which is the kernel's and no start's."""
    start = Primitive("thread_start")
    if start in found:
        found[start] = tuple(value for value in found[start] if value < _TICK) or found[start]


def _per_p(found: Measured) -> None:
    """What a search for work takes for each P that there is to look at: four passes of a thief, and the last checks."""
    few, many = (Primitive("idle_cycle_cpu", (("ps", ps),)) for ps in _PS)
    if few in found and many in found:
        less = quantile(found[few], 0.5)
        found[Primitive("steal_per_p")] = tuple((more - less) / (_PS[1] - _PS[0]) for more in found[many])


def _levels(rule: Rule, levels: Levels) -> Levels | None:
    """The levels of what *rule* makes of a compound at *levels*; None where it is not for those."""
    only, adds = rule.only or {}, rule.adds or {}
    if any(dict(levels).get(name) != level for name, level in only.items()):
        return None
    return (*((name, level) for name, level in levels if name not in only), *adds.items())


def _median(found: Measured, part: str, beside: Levels) -> float | None:
    """The median of *part* at no other levels than those of the compound *beside* it; None where it was not measured there."""
    near = (each for each in found if each.cost == part and set(each.levels) <= set(beside))
    primitive = max(near, key=lambda each: len(each.levels), default=None)
    return None if primitive is None else quantile(found[primitive], 0.5)
