"""Ctrl-C at a moment when all is consistent."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Interrupt:
    wanted = False


@contextmanager
def deferred_interrupt() -> Iterator[Interrupt]:
    """Inside, the first Ctrl-C only sets `wanted`: who looks at it ends what was begun, and raises KeyboardInterrupt.
    The second raises it at once.

    Another thread than the main one gets no Ctrl-C, and a program's own answer to it stays.
    """
    interrupt = Interrupt()
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupt
        return

    def note(number, frame):
        if interrupt.wanted:
            raise KeyboardInterrupt
        interrupt.wanted = True

    signal.signal(signal.SIGINT, note)
    try:
        yield interrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
