"""What attention keeps of the rows that it has seen, so that a sequence can be made row by row."""

from typing import Any

from .. import kernels
from .module import Module


class KeyValueCache:
    """The keys and values of all rows so far: one for a whole network, in which each MultiheadAttention has its own.

        cache = KeyValueCache()
        y = network(rows, is_causal=True, cache=cache)          # any number of rows
        y = network(next_row, is_causal=True, cache=cache)      # those that come next; nothing is computed again

    `len(cache)` is how many rows it holds. It is for inference, and for one batch of sequences.
    """

    def __init__(self):
        self._memory: KeyValueCache | None = None
        self._held: dict[Module, tuple[Any, Any, int]] = {}  # keys, values (batch, heads, room, width), rows of them

    def __len__(self) -> int:
        return max((rows for _, _, rows in self._held.values()), default=0)

    def __contains__(self, layer: Module) -> bool:
        return layer in self._held

    @property
    def memory(self) -> "KeyValueCache":
        """Another, for the sequence that a decoder looks at, whose rows aren't counted here."""
        if self._memory is None:
            self._memory = KeyValueCache()
        return self._memory

    def rows(self, layer: Module) -> int:
        """How many rows of this layer are kept."""
        return self._held[layer][2] if layer in self._held else 0

    def of(self, layer: Module) -> tuple[Any, Any]:
        """Its keys and values, (batch, heads, rows, width): views."""
        keys, values, rows = self._held[layer]
        return keys[:, :, :rows], values[:, :, :rows]

    def add(self, layer: Module, keys: Any, values: Any) -> tuple[Any, Any]:
        """Put these behind the rows that are kept; returns all."""
        before, count = self.rows(layer), keys.shape[2]
        if before and keys.shape[:2] != self._held[layer][0].shape[:2]:
            batch = self._held[layer][0].shape[0]
            raise ValueError(f"KeyValueCache: it holds a batch of {batch}, the new rows are one of {keys.shape[0]}")
        room = self._held[layer][0].shape[2] if before else 0
        arrays = self._held[layer][:2] if before else (keys, values)
        if before + count > room:
            arrays = tuple(_with_room(x, before, max(2 * room, before + count)) for x in arrays)
        for held, new in zip(arrays, (keys, values)):
            held[:, :, before : before + count] = new
        self._held[layer] = (*arrays, before + count)  # type: ignore[assignment]
        return self.of(layer)


def _with_room(x: Any, rows: int, room: int) -> Any:
    """The first rows of x in an array for more of them."""
    found = kernels.current().empty((*x.shape[:2], room, x.shape[3]), x.dtype)
    found[:, :, :rows] = x[:, :, :rows]
    return found
