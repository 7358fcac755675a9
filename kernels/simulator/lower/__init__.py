"""What each PTX instruction becomes: one or more rows of the machine.

A handler gets the builder that collects rows (program.py), the words of the opcode, and the operands as text.
"""

from typing import TYPE_CHECKING

from ..parser import Instruction, Unsupported
from . import arithmetic, control, conversions, matrices, memory

if TYPE_CHECKING:
    from ..program import Builder

HANDLERS = {
    **arithmetic.HANDLERS,
    **conversions.HANDLERS,
    **memory.HANDLERS,
    **control.HANDLERS,
    **matrices.HANDLERS,
}


def lower(b: "Builder", i: Instruction) -> None:
    """The rows of an instruction, by the handler that is named after the opcode's first word."""
    words = i.opcode
    handler = HANDLERS.get(words[0])
    if handler is None:
        raise Unsupported(f"it doesn't know {'.'.join(words)}")
    handler(b, words, i.operands)
