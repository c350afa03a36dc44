"""What never happens alone is what is left of a compound when its parts are taken away."""

import pytest

from lab.calibrate.deriving import RULES, derived
from lab.calibrate.groups import GROUPS
from lab.calibrate.primitive import Measured, Primitive

_PARTS: Measured = {
    Primitive("chan_op"): (10.0, 12.0, 14.0),
    Primitive("chan_round_trip"): (248.0, 348.0),
    Primitive("go_new"): (90.0,),
    Primitive("gosched", (("others", 0),)): (70.0,),
    Primitive("gosched", (("others", 1),)): (60.0,),
    Primitive("idle_cycle_cpu", (("ps", 2),)): (40_000.0,),
    Primitive("idle_cycle_cpu", (("ps", 128),)): (41_260.0, 42_520.0),
    Primitive("go_wave"): (300.0, 320.0),
    Primitive("select_round_trip", (("cases", 2),)): (336.0,),
    Primitive("sync_op", (("of", "mutex"),)): (3.0,),
    Primitive("sync_op", (("of", "once"),)): (1.0,),
    Primitive("sema_round_trip"): (400.0,),
    Primitive("timer_add"): (50.0,),
    Primitive("sleep_wave"): (260.0,),
    Primitive("getppid"): (170.0,),
    Primitive("getppid_go"): (190.0, 160.0),
    Primitive("epoll_wait_overshoot", (("ns", 1_000_000),)): (80.0,),
    Primitive("epoll_wait_overshoot", (("ns", 5_000_000),)): (90.0,),
}


@pytest.mark.parametrize(
    ("primitive", "values"),
    [
        (Primitive("switch"), (100.0, 150.0)),
        (Primitive("go"), (175.0, 195.0)),
        (Primitive("select", (("cases", 2), ("how", "parks"))), (50.0,)),
        (Primitive("sync"), (3.0,)),
        (Primitive("sema"), (37.5,)),
        (Primitive("timer_fire"), (85.0,)),
        (Primitive("syscall"), (20.0, -10.0)),
        (Primitive("epoll_overshoot"), (80.0,)),
        (Primitive("schedule"), (60.0,)),
        (Primitive("chan_handed"), (32.0, 57.0)),
        (Primitive("go_life"), (240.0, 260.0)),
        (Primitive("go_exit"), (150.0, 170.0)),
        (Primitive("select_handed", (("cases", 2),)), (82.5,)),
        (Primitive("sema_handed"), (70.0,)),
        (Primitive("sleep_fire"), (150.0,)),
        (Primitive("steal_per_p"), (10.0, 20.0)),
    ],
)
def test_a_rule_takes_the_parts_away(primitive: Primitive, values: tuple[float, ...]) -> None:
    """The medians of this process's own parts: a switch's here is 125, an operation's 12, one with a partner's 44.5."""
    assert derived(_PARTS)[primitive] == values


def test_a_process_without_the_parts_has_no_result() -> None:
    """Nothing is put in the place of what was not measured."""
    compound: Measured = {Primitive("chan_round_trip"): (248.0,)}

    assert derived(compound) == compound


def test_latency_counts_from_the_wakers_return() -> None:
    """By gap, on an idle CPU; a thread that ran before its waker returned had none; the longest gap stands for longer ones."""
    wakes: Measured = {
        Primitive("wake_call", (("gap", 5), ("place", "idle"))): (8.0, 10.0, 12.0),
        Primitive("wake_run", (("gap", 5), ("place", "idle"))): (14.0, 9.0),
        Primitive("wake_call", (("gap", 7), ("place", "idle"))): (1.0,),
        Primitive("wake_run", (("gap", 7), ("place", "idle"))): (4.0,),
        Primitive("wake_call", (("gap", 7), ("place", "same"))): (1.0,),
        Primitive("wake_run", (("gap", 7), ("place", "same"))): (2.0,),
    }

    found = {
        primitive.levels: values
        for primitive, values in derived(wakes).items()
        if primitive.cost == "wake_latency"
    }

    assert found == {(("gap", 5),): (4.0, 0.0), (("gap", 7),): (3.0,), (("gap", 60_000_000_000),): (3.0,)}


def test_what_follows_belongs_to_the_group_that_measures_its_parts() -> None:
    """Or a group measured alone would lack it."""
    for rule in RULES:
        homes = [
            {group.name for group in GROUPS if name in group.costs}
            for name in (rule.cost, rule.compound, *rule.parts)
        ]
        assert len(homes[0]) == 1
        assert all(home == homes[0] for home in homes)
