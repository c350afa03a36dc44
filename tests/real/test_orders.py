"""Who runs when with one P: real Go and the simulator, each held to the same words."""

import subprocess
from pathlib import Path

import pytest

from lab.sim import simulate
from tests.real.orders import ORDERS, Order

pytestmark = pytest.mark.slow


@pytest.mark.go
@pytest.mark.parametrize("name", ORDERS)
def test_a_real_program_says_so(commands: Path, name: str) -> None:
    """The order is the runtime's, not chance's: five times the same."""
    environment = {"CASE": name, "GOMAXPROCS": "1"}
    ran = [
        subprocess.run([commands / "orders"], env=environment, capture_output=True, text=True, check=True)
        for _ in range(5)
    ]

    assert {each.stderr.strip() for each in ran} == {ORDERS[name].says}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_its_twin_says_so(order: Order) -> None:
    """In every repetition, whatever things cost in it."""
    results = [simulate(order.main, gomaxprocs=1, repetition=number) for number in range(4)]

    assert {" ".join(result.observations["seen"]) for result in results} == {order.says}
