"""When is a program that can never go on not told so by the runtime?

golab sim examples/unnoticed.py --set how=channel
golab sim examples/unnoticed.py --set how=network
golab sim examples/unnoticed.py --set how=cgo
"""

from lab.sim import Body, G, us


def main(g: G, *, how: str = "channel") -> Body:
    """Wait for ever, in one of three ways."""
    if how == "network":
        yield g.netwait(None)
    if how == "cgo":
        yield g.cgo(us(10))
    yield g.chan().recv()
