"""What is read from ``scenarios/``: a scenario's manifest, and the register of claims. Every mistake is reported at once."""

from lab.manifest.scenario import FORMAT, load, read

__all__ = ["FORMAT", "load", "read"]
