"""An experiment for tests of what is made of one: a replicate of each cell of some parts of scenarios."""

from lab.experiment import Experiment, Part
from lab.model.units import Nanos


def small_experiment(*parts: Part) -> Experiment:
    """It is nobody's: no title, and not asked for by a command."""
    return Experiment(
        name="test",
        title="",
        parts=parts,
        replicates=1,
        most_replicates=1,
        max_time=Nanos(1),
        order_seed=1,
        simulation_seed=1,
        quick=False,
        asked=(),
    )
