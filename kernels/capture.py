"""What a captured step (training/capture.py) needs of kernels: the numbers that change from step to step.

A CUDA graph repeats its launches as they were recorded, numbers and all. Those that another step has others of (a
learning rate, Adam's bias corrections, the place in dropout's stream) are therefore kept in the device's memory
while a step is recorded, and the launch gets a pointer to them beside their values:

    space │ seed │ place │ numbers of the first update │ numbers of the second │ …

Before each replay the same code that computed them for the recording computes them anew, its launches and its checks
left out, and one launch puts them into the space, and the step's arguments into the graph's own arrays (capture.cu).
The eager path passes null pointers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from typing import Any

import numpy as np

from . import cuda
from .backend import OnDevice, current, using

SOURCE = cuda.Source(__file__, "capture.cu")
WORDS, CHUNK = 4096, 64  # of 8 bytes: in the space, and stored by a launch
ARRAYS, THREADS, BLOCKS = 4, 256, 264  # that a launch copies; of a launch
WORDS_OF_A_LAUNCH = np.dtype([("word", np.uint64, (CHUNK,))])  # a structure, passed by value
WORD = np.dtype(np.float32)  # capture.cu has no real; a launch names one
STREAM = 2  # words of the seed and the place in dropout's stream


class Place(int):
    """An offset in dropout's stream that moves on from step to step; it is given from where the step begins."""


class Recording:
    """A step that is being recorded, or replayed: its numbers, and what must be done before each replay."""

    def __init__(self, device: Any, uploads: set[bytes]):
        self.device, self.uploads = device, uploads
        self.words = np.zeros(WORDS, np.uint64)
        self.space = device.empty((WORDS,), np.uint64)
        self.used = STREAM
        self.places: dict[int, list[int]] = {}  # of each launch's arrays, by where its numbers begin
        self.drawn = 0  # counters of dropout's stream that a step takes
        self.repeated: list[Callable[[], None]] = []
        self.undos: list[Callable[[], None]] = []
        self.kept: list[Any] = []  # arrays that the graph reads and nobody else may hold
        self.silent = _Silent(self)

    def hold(self, numbers: tuple, arrays: tuple) -> Any:
        """A launch's numbers, all as its first one's type: where they lie on the device."""
        start = self.write(numbers)
        self.places[start] = [array.data.ptr for array in arrays]
        return self.space[start : self.used].view(numbers[0].dtype)

    def renew(self, numbers: tuple, arrays: tuple) -> None:
        """The same launch's numbers for the next step."""
        if self.places.get(self.used) != [array.data.ptr for array in arrays]:
            raise RuntimeError(
                "capture: an optimizer's step has other updates now than when it was recorded, or its arrays lie "
                "elsewhere: capture the step anew"
            )
        self.write(numbers)

    def write(self, numbers: tuple) -> int:
        content = np.array(numbers, numbers[0].dtype)
        start, end = self.used, self.used + -(-content.nbytes // 8)
        if end > WORDS:
            raise RuntimeError(f"capture: the step has more than {WORDS} numbers that change, in too many updates")
        self.words[start:end].view(content.dtype)[: content.size] = content
        self.used = end
        return start

    def draw(self, count: int) -> Place:
        """The place of so many counters of dropout's stream."""
        place, self.drawn = Place(self.drawn), self.drawn + count
        return place

    def repeat_with(self, function: Callable[[], None], undo: Callable[[], None]) -> None:
        """Before each replay call this function again, which computes numbers of updates, with no kernel launched;
        `undo` takes back what it has counted, should the recording fail."""
        self.repeated.append(function)
        self.undos.insert(0, undo)

    def undo(self) -> None:
        """The step isn't made after all: take back what the CPU has counted."""
        for undo in self.undos:
            undo()

    def begin(self, seed: int, place: int, copies: list[tuple[Any, Any]]) -> None:
        """Put seed, place and all numbers into the space, on the current stream, and of each pair of contiguous arrays
        copy the second into the first."""
        self.words[:STREAM] = seed, place
        for turn in range(max(cuda.blocks(self.used, CHUNK), cuda.blocks(len(copies), ARRAYS))):
            start = min(turn * CHUNK, WORDS - CHUNK)
            words = self.words[start : start + CHUNK].view(WORDS_OF_A_LAUNCH).reshape(())
            count = np.int32(min(max(self.used - turn * CHUNK, 0), CHUNK))
            pairs = copies[turn * ARRAYS : (turn + 1) * ARRAYS]
            arrays = [x for own, given in pairs for x in (own, given, np.int64(own.nbytes))]
            nothing = (None, None, np.int64(0)) * (ARRAYS - len(pairs))
            most = max((own.nbytes for own, _ in pairs), default=0)
            blocks = min(max(cuda.blocks(most, 16 * THREADS), 1), BLOCKS)
            given = self.space[start:] if start else self.space, words, count, *arrays, *nothing
            self.device.launch(SOURCE, "begin", WORD, blocks, THREADS, given)

    def repeat(self) -> None:
        """Compute the numbers of the next step."""
        end, self.used = self.used, STREAM
        with using(self.silent):
            for function in self.repeated:
                function()
        if self.used != end:
            raise RuntimeError("capture: an optimizer's step has fewer updates now than when it was recorded")

    def upload(self, array: np.ndarray, send: Callable[[np.ndarray], Any]) -> Any:
        """A constant of the step from the CPU: one that the step before, run eagerly, has sent as well."""
        if _digest(array) not in self.uploads:
            what = f"a NumPy array ({array.dtype} {array.shape}) to the GPU that is another one at each step"
            raise RuntimeError(f"capture: the step sends {what}; a captured step can't: give it as an argument")
        self.kept.append(send(array))
        return self.kept[-1]


class _SilentDevice:
    """Where a recorded step's numbers are computed anew: nothing is launched."""

    def __init__(self, recording: Recording):
        self.recording, self.empty = recording, recording.device.empty

    def launch(self, *_: Any) -> None:
        pass


class _Silent(OnDevice):
    """The backend of that device."""

    name = "cupy"

    def __init__(self, recording: Recording):
        super().__init__()
        self.device = _SilentDevice(recording)
        self.array_type = current().array_type


class Trying:
    """A step that is run eagerly before another is recorded: which arrays it sends to the GPU."""

    def __init__(self):
        self.uploads: set[bytes] = set()

    def upload(self, array: np.ndarray, send: Callable[[np.ndarray], Any]) -> Any:
        self.uploads.add(_digest(array))
        return send(array)


_now: ContextVar[Recording | Trying | None] = ContextVar("kernelwright_capture", default=None)


def now() -> Recording | Trying | None:
    """The step that is being captured in this thread."""
    return _now.get()


def recording() -> Recording | None:
    """The step that is being recorded in this thread."""
    found = _now.get()
    return found if isinstance(found, Recording) else None


@contextmanager
def capturing(step: Recording | Trying) -> Iterator[None]:
    token = _now.set(step)
    try:
        yield
    finally:
        _now.reset(token)


def held(device: Any, numbers: tuple, arrays: tuple) -> Any:
    """Where the numbers of a launch on these arrays lie, for its kernel's argument `held`; None, a null pointer, if no
    step is being captured."""
    if isinstance(device, _SilentDevice):
        device.recording.renew(numbers, arrays)
        return None
    found = _now.get()
    return found.hold(numbers, arrays) if isinstance(found, Recording) else None


def silent() -> bool:
    """Whether numbers are computed anew for arrays that were seen, and checked, when the step was recorded."""
    return isinstance(current(), _Silent)


def placed(offset: int) -> tuple[int, Any]:
    """An offset in dropout's stream, and where what must be added to it lies; None, a null pointer, if nothing must."""
    if not isinstance(offset, Place):
        return offset, None
    found = recording()
    if found is None:
        raise RuntimeError("capture: the way back of a captured step must be walked in the same step")
    return int(offset), found.space.view(np.int64)


def as_offset(offset: Any) -> int:
    """A plain integer, unless it is a Place."""
    return offset if isinstance(offset, Place) else int(offset)


def refuse(what: str, instead: str) -> None:
    """Raise if a step is being recorded: what it does on the CPU would be done this once."""
    if recording():
        raise RuntimeError(f"capture: {what} can't be part of a captured step: {instead}")


def _digest(array: np.ndarray) -> bytes:
    about = f"{array.dtype} {array.shape}".encode()
    return sha256(about + np.ascontiguousarray(array).tobytes()).digest()
