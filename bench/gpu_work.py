"""The process that works on the GPU for `kernelwright bench gpu`: it says what it is at, and what came of it.

    python -m kernelwright.bench.gpu_work check '{"operations": ["relu"], "seed": 1}'

A line of JSON each, so that whoever started it knows what it was at when it broke: a kernel that follows a wild pointer
breaks CUDA for its whole process. It then ends at once, with exit code 3.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

import numpy as np

from .. import kernels
from ..kernels.operation import CATALOG, Operation
from . import gpu_check, gpu_large, gpu_limits, gpu_products, gpu_rivals, gpu_sets, gpu_steps, gpu_training, machine
from .contenders import Case, cases, contender
from .limits import Limits
from .suite import Row
from .timing import OnGPU, race

BROKEN = 3  # the exit code
OURS = "kernelwright"


def main(arguments: list[str]) -> int:
    mode, given = arguments[0], json.loads(arguments[1])
    device: Any = kernels.backend("cupy").device
    np.seterr(all="ignore")  # extreme values are among the samples on purpose
    if mode == "about":
        say(machine=machine.describe(("cupy",)))
        say(limits=asdict(gpu_limits.of_gpu(device)), tensor_cores=gpu_limits.tensor_cores(device))
        return 0
    if mode == "large":
        for name, fault in gpu_large.mistakes(kernels.backend("cupy")):
            say(operation=name, **({"failed": fault} if fault else {}))
        return 0
    if mode == "steps":
        torch = gpu_rivals.torch_on_gpu()
        for name, timing in gpu_steps.measure(device, torch, given["budget"]):
            say(step=name, seconds=timing.median, spread=timing.spread)
        return 0
    if mode == "training":
        try:
            with kernels.using("cupy"):
                say(**gpu_training.fashion(device.cupy.cuda.Device().synchronize)._asdict())
        except FileNotFoundError as error:
            say(untimed=str(error))
        return 0
    if mode == "products":
        for name, found in gpu_products.measure(device, gpu_rivals.torch_on_gpu(), given["budget"]):
            timing = found.timing
            say(product=name, seconds=timing.median, spread=timing.spread, flops=found.flops, error=found.error)
        return 0
    if given.get("alone"):  # each array in memory of its own, with none of a pool's around it, for compute-sanitizer
        device.cupy.cuda.set_allocator(None)
    work = _Check(given) if mode == "check" else _Time(given, device)
    for name in given["operations"]:
        try:
            work.one(CATALOG[name])
        except Exception as error:
            say(operation=name, failed=f"{type(error).__name__}: {error}")
            if _is_broken(device):
                return BROKEN
        device.cupy.get_default_memory_pool().free_all_blocks()  # PyTorch's is another one, and wants memory, too
        say(done=name)
    return 0


def say(**message: Any) -> None:
    print(json.dumps(message), flush=True)


def _is_broken(device: Any) -> bool:
    """Whether CUDA is of no more use to this process."""
    try:
        device.cupy.cuda.Device().synchronize()
    except device.errors:
        return True
    device.cupy.get_default_memory_pool().free_all_blocks()
    return False


class _Check:
    def __init__(self, given: dict[str, Any]):
        self.seed, self.backend = given["seed"], gpu_check.Poisoning()

    def one(self, operation: Operation) -> None:
        found = list(gpu_check.mistakes(operation, self.seed, self.backend))
        if found:
            say(operation=operation.name, failed=f"{found[0]} (and {len(found) - 1} more)")
        else:
            say(operation=operation.name)


class _Time:
    def __init__(self, given: dict[str, Any], device: Any):
        self.roof, self.device = Limits(**given["limits"]), device
        self.quick, self.budget, self.compiled = given["quick"], given["budget"], given["compiled"]
        self.torch = gpu_rivals.torch_on_gpu()

    def one(self, operation: Operation) -> None:
        for case in cases(operation, quick=False):
            first = next(iter(operation.workloads))
            if (case.workload == first) != self.quick:  # the first of each operation, then all others
                continue
            try:
                self.case(case)
            except Exception as error:
                say(**_what(case), failed=f"{type(error).__name__}: {error}")
                if _is_broken(self.device):
                    sys.exit(BROKEN)

    def case(self, case: Case) -> None:
        cupy = self.device.cupy
        sets = gpu_sets.of(case, cupy.cuda.Device().mem_info[0])
        ours: Any = [contender(one, "cupy") for one in sets]
        entrants: dict[str, OnGPU] = {OURS: gpu_sets.by_turns(ours)}
        try:
            calls = [gpu_rivals.rivals(one, cupy, self.torch, self.compiled) for one in sets]
            entrants |= gpu_sets.rivals(calls, cupy)
        except Exception as error:  # our own figure is wanted all the same
            say(**_what(case), contender="rivals", failed=f"{type(error).__name__}: {error}")
        first = {}
        for name, entrant in list(entrants.items()):
            try:
                first[name] = entrant.first()
            except Exception as error:
                if name == OURS:
                    raise
                del entrants[name]
                say(**_what(case), contender=name, failed=f"{type(error).__name__}: {error}")
        timings = race(entrants, self.budget, settle=0)
        ours_takes = timings[OURS].median
        for name, timing in timings.items():
            cost, seconds = case.cost, timing.median
            row = Row(
                case.operation.family,
                case.operation.name,
                case.workload,
                case.direction,
                name,
                seconds=seconds,
                spread=timing.spread,
                samples=len(timing.samples),
                first_call=first[name],
                flops=cost.flops / seconds,
                bandwidth=cost.bytes / seconds,
                bound=self.roof.bound(cost),
                of_limit=self.roof.share(cost, seconds),
            )
            say(row={**asdict(row), "ours_is_faster": seconds / ours_takes, "sets": len(sets)})


def _what(case: Case) -> dict[str, str]:
    return {
        "family": case.operation.family,
        "operation": case.operation.name,
        "workload": case.workload,
        "direction": case.direction,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
