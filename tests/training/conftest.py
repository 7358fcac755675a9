"""What all tests of training share."""

import signal

import pytest


@pytest.fixture(autouse=True)
def ctrl_c():
    """Ctrl-C works as at a terminal, though a shell ignores it for what it starts in the background, CI for one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
