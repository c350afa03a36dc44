"""golab: what blocks a Go program, for how long, and could it have been predicted?"""

__version__ = "0.1.0"
