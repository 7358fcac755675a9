"""What all tests of training share."""

import signal

import pytest

from kernelwright import kernels


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """What a network learns doesn't depend on their number (tests/kernels/test_threads.py), and tests run one a core:
    threads of theirs would wait for each other most of the time."""
    before = kernels.get_threads()
    kernels.set_threads(1)
    yield
    kernels.set_threads(before)


@pytest.fixture(autouse=True)
def ctrl_c():
    """Ctrl-C works as at a terminal, though a shell ignores it for what it starts in the background, CI for one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
