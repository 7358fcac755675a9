"""A whole training step recorded as a CUDA graph: one launch instead of hundreds.

    @training.capture
    def step(x, labels):
        optimizer.zero_grad()
        scores, backward = net.forward(x)
        loss, loss_backward = criterion.forward(scores, labels)
        backward(loss_backward(), input_gradient=False)
        optimizer.step()
        return loss

    for batch in loader:
        loss = step(*map(backend.from_numpy, batch))
        schedule.step()

The first call with arrays of some shapes and dtypes runs the function as it is: kernels are compiled, an optimizer's
state is made. The second records it; those after it replay the record. Each is one step, and gives what the function
would, bit for bit. On the CPU the function is always called.

    call 1    the function                            runs eagerly
    call 2    the function, into a graph              ┐ one launch: this step's numbers → device memory,
    call 3…   optimizers count on and compute theirs  ┘ arguments → the graph's own; the graph; results copied

What differs from step to step lies in device memory (kernels/capture.py): the numbers of optimizer updates, which
are computed as ever, from the options and the count of steps, and the place in dropout's stream. The graph's
temporaries come from a memory pool of its own, where nobody else gets any. As with any graph, the CPU must have no say
within: a step that reads a number (`float(loss)`), or whose course hangs on one, can't be recorded, and says so.
Schedules and averages of weights are stepped outside.
"""

import functools
import gc
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .. import kernels
from ..kernels import capture as recorder
from ..kernels import check
from ..kernels.backend import CuPy
from ..layers import initial


def capture(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step, replayed from a CUDA graph on the backend cupy; elsewhere as it is.

    Parameters
    ----------
    step : function of arrays
        Of the backend's, by position. Other arguments belong to the record as the shapes do, and must be hashable.
        What it returns (arrays, in tuples, lists or dictionaries) is copied out of the graph's memory.

    Raises
    ------
    RuntimeError
        The step can't be recorded: the message says why. It counts as not made. Or it was recorded, and an optimizer
        now has other updates than then.

    Calls must come from one stream, one after the other. Parameters, buffers and optimizer state must stay where they
    are: after load_state_dict of an optimizer, or `to(…)`, capture anew.
    """
    records: dict[Any, _Graph | set[bytes]] = {}

    @functools.wraps(step)
    def call(*args: Any) -> Any:
        backend = kernels.current()
        if not isinstance(backend, CuPy) or recorder.now() is not None:
            return step(*args)
        key = backend, tuple((x.shape, x.dtype) if isinstance(x, backend.array_type) else x for x in args)
        found = records.get(key)
        if found is None:
            trying = recorder.Trying()
            with recorder.capturing(trying):
                result = step(*args)
            records[key] = trying.uploads
            return result
        if not isinstance(found, _Graph):
            graph = records[key] = _Graph(step, backend, args, found)
            return graph.run(args)
        found.recording.repeat()
        return found.run(args)

    return call


class _Graph:
    """A recorded step: its graph, and the memory that this reads and writes."""

    def __init__(self, step: Callable[..., Any], backend: Any, args: tuple, uploads: set[bytes]):
        self.backend, cupy = backend, backend.device.cupy
        self.args = tuple(x.copy() if isinstance(x, backend.array_type) else x for x in args)
        self.recording = recorder.Recording(backend.device, uploads)
        self.pool = cupy.cuda.MemoryPool()
        collecting = gc.isenabled()
        gc.disable()  # what it might free has nothing to do with the graph
        try:
            self._record(step, cupy.cuda)
        finally:
            if collecting:
                gc.enable()

    def _record(self, step: Callable[..., Any], cuda: Any) -> None:
        errors = (RuntimeError, *self.backend.device.errors)
        with cuda.using_allocator(self.pool.malloc), cuda.Stream(non_blocking=True) as stream:
            stream.begin_capture()
            try:
                with recorder.capturing(self.recording):
                    self.result = step(*self.args)
                self.graph = stream.end_capture()
            except BaseException as error:
                with suppress(*errors):  # an error may have ended the capture already
                    stream.end_capture()
                self.recording.undo()
                if isinstance(error, errors):
                    said = str(error).removeprefix("capture: ")
                    raise RuntimeError(f"capture: the step can't be recorded: {said}") from error
                raise

    def run(self, args: tuple) -> Any:
        """The step on these arguments, its numbers being in place."""
        pairs = zip(self.args, args, strict=True)
        copies = [(own, check.contiguous(x)) for own, x in pairs if isinstance(own, self.backend.array_type)]
        self.recording.begin(*initial.stream(self.recording.drawn), copies)
        self.graph.launch()
        return _copied(self.result, self.backend.array_type)


def _copied(result: Any, array_type: type) -> Any:
    if isinstance(result, array_type):
        return result.copy()
    if isinstance(result, (tuple, list)):
        return type(result)(_copied(one, array_type) for one in result)
    if isinstance(result, dict):
        return {name: _copied(one, array_type) for name, one in result.items()}
    return result
