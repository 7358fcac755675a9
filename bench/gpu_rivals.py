"""The same work on the GPU by cuBLAS and by PyTorch, on the same arrays.

PyTorch takes CuPy's arrays by DLPack, without a copy, and both launch on the default stream: events time either alike.
All in full float32, so TF32 is switched off. `compiled` is torch.compile; `graph` is PyTorch's eager call recorded as
a CUDA graph and replayed. Convolutions, and some norms, are cuDNN's.
"""

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

from .contenders import Case

CUBLAS, TORCH, COMPILED, GRAPH = "cublas", "torch", "torch compiled", "torch graph"
# torch.compile takes seconds for each: the operations where it has something to fuse.
COMPILE = ("gelu", "softmax", "layer_norm", "rms_norm", "cross_entropy", "dropout", "linear", "swiglu", "adam_update")


def torch_on_gpu() -> Any:
    """The module, if it is installed and sees the GPU."""
    if importlib.util.find_spec("torch") is None:
        return None
    import torch

    if not torch.cuda.is_available():
        return None
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    return torch


def rivals(case: Case, cupy: Any, torch: Any, compiled: bool) -> dict[str, Callable[[], Any]]:
    """Everyone's call for this case."""
    found: dict[str, Callable[[], Any]] = {}
    operation, arguments = case.operation, case.operation.bind(case.sample)
    if operation.name == "matmul" and case.direction == "forward":
        a, b = (cupy.asarray(arguments[name]) for name in ("a", "b"))
        found[CUBLAS] = partial(cupy.matmul, a, b)
    if torch is None:
        return found
    make = partial(_torch_call, case, cupy, torch, lambda function: function)
    call = make()
    if call is None:
        return found
    found[TORCH] = call
    graph = recorded(torch, make)
    if graph:
        found[GRAPH] = graph
    if compiled and operation.name in COMPILE:
        found[COMPILED] = _torch_call(case, cupy, torch, torch.compile)  # type: ignore[assignment]
    return found


def _torch_call(case: Case, cupy: Any, torch: Any, compile: Callable) -> Callable[[], Any] | None:
    operation = case.operation

    def tensor(x: Any) -> Any:
        return torch.from_dlpack(cupy.asarray(x)) if hasattr(x, "dtype") and hasattr(x, "shape") else x

    if operation.name == "adam_update":
        parameter, grad = (tensor(x) for x in case.sample.args[:2])
        parameter = torch.nn.Parameter(parameter)
        parameter.grad = grad
        fused = compile is not torch.compile
        return compile(torch.optim.Adam([parameter], fused=fused, capturable=parameter.is_cuda).step)
    if operation.torch is None:
        return None
    args = [tensor(x) for x in case.sample.args]
    options = {name: tensor(value) for name, value in case.sample.options.items()}
    function = compile(partial(operation.torch, torch))
    if case.direction == "forward":

        def forward() -> Any:
            with torch.no_grad():
                return function(*args, **options)

        return forward
    named = {**dict(zip(operation.bind(case.sample), args)), **options}
    by = [named[name] for name in operation.by if named.get(name) is not None]
    for x in by:
        x.requires_grad_()
    if case.direction == "both":

        def both() -> Any:
            loss = function(*args, **options)
            return torch.autograd.grad(loss, by, torch.ones_like(loss))

        return both
    output = function(*args, **options)
    grad = torch.randn_like(output)
    return lambda: torch.autograd.grad(output, by, grad, retain_graph=True)


def recorded(torch: Any, make: Callable[[], Any]) -> Callable[[], Any] | None:
    """The call that `make` gives, as a CUDA graph of PyTorch's; None where it can't record that."""
    try:
        return _recorded(torch, make)
    except RuntimeError:
        # `torch.cuda.graph` stays on its stream if the recording fails: whatever PyTorch is called for later would run
        # where our events, on the default stream, don't see it.
        torch.cuda.set_stream(torch.cuda.default_stream())
        torch.cuda.synchronize()
        return None


def _recorded(torch: Any, make: Callable[[], Callable[[], Any]]) -> Callable[[], Any]:
    """All of it on one stream: a way back runs on the stream of its way there, and no other may be recorded."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        call = make()
        for _ in range(3):  # which PyTorch wants before it records
            call()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        call()
    return graph.replay
