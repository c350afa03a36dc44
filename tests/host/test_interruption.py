"""A signal that would end a process asks it to end in order; what is to be ignored stays ignored."""

import os
import signal

import pytest

from lab.host.interruption import interrupted_alike, interruptible

_ALL = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.mark.parametrize("number", _ALL)
def test_once_is_a_wish_and_twice_an_order(number: signal.Signals) -> None:
    """Whichever signal it is; afterwards all is as it was."""
    before = [signal.getsignal(each) for each in _ALL]
    with interruptible() as interruption:
        os.kill(os.getpid(), number)
        assert interruption.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)

    assert [signal.getsignal(each) for each in _ALL] == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_elsewhere_a_signal_is_a_ctrl_c(number: signal.Signals) -> None:
    """So that whatever has to be cleaned up is."""
    with interrupted_alike(), pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)


def test_under_nohup_a_closed_terminal_is_nothing() -> None:
    """Whoever started this process said so."""
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupted_alike(), interruptible() as interruption:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not interruption.asked
    finally:
        signal.signal(signal.SIGHUP, former)
