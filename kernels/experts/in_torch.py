"""The operations as PyTorch's users write them, for the comparison: literally, expert by expert."""

from typing import Any


def top_k_gates(torch: Any, x: Any, k: int, over: str = "chosen") -> Any:
    largest = torch.sort(x, dim=1, descending=True, stable=True)  # of equal ones the first stays the first
    p = torch.softmax(x if over == "all" else largest.values[:, :k], 1)
    return p.gather(1, largest.indices[:, :k]) if over == "all" else p


def _taken(torch: Any, chosen: Any, experts: int, capacity: int | None) -> list[Any]:
    """The assignments that each expert takes."""
    return [torch.nonzero(chosen.flatten() == expert).flatten()[:capacity] for expert in range(experts)]


def dispatch(torch: Any, x: Any, chosen: Any, experts: int, capacity: int | None = None) -> Any:
    parts = [x[taken // chosen.shape[1]] for taken in _taken(torch, chosen, experts, capacity)]
    used = torch.cat(parts)
    return torch.cat([used, x.new_zeros(chosen.numel() - len(used), x.shape[1])])


def combine(torch: Any, rows: Any, gates: Any, chosen: Any, experts: int, capacity: int | None = None) -> Any:
    order = torch.cat(_taken(torch, chosen, experts, capacity))
    result = rows.new_zeros(chosen.shape[0], rows.shape[1])
    return result.index_add(0, order // chosen.shape[1], rows[: len(order)] * gates.flatten()[order][:, None])


def grouped_matmul(torch: Any, x: Any, weight: Any, offsets: Any, bias: Any = None) -> Any:
    ends = offsets.tolist()
    parts = [x[begin:end] @ matrix for begin, end, matrix in zip(ends, ends[1:], weight)]
    if bias is not None:
        parts = [part + row for part, row in zip(parts, bias)]
    return torch.cat([*parts, x.new_zeros(x.shape[0] - ends[-1], weight.shape[2])])
