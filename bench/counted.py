"""What the simulator counts of a case's CUDA C: a row without a time, for simulated time says nothing of a GPU's."""

from .. import kernels
from .contenders import Case, public_call

MOST = 2e7  # operations, or bytes moved, of a case: about the work of a second


def too_much(case: Case) -> str | None:
    """Why this case isn't simulated; None if it is small enough."""
    work = max(case.cost.flops, case.cost.bytes)
    return f"{work:.0e} operations or bytes are too many to simulate: at most {MOST:.0e}" if work > MOST else None


def counts(case: Case) -> dict[str, int]:
    """Of all its launches: warp instructions; sectors of global memory, and passes over the banks of shared memory,
    each as taken and as needed at least."""
    from ..kernels import simulator  # which needs Numba

    backend = kernels.backend("simulator")
    with kernels.using("simulator"):
        call = public_call(case, backend)
        with simulator.record(races=False) as reports:
            call()
    totals = [found.total for found in reports]
    names = ("sectors", "ideal_sectors", "bank_wavefronts", "ideal_wavefronts")
    found = {name: int(sum(getattr(total, name) for total in totals)) for name in names}
    return {"instructions": sum(report.instructions for report in reports), **found}
