"""A kernel ready to run: registers get their places in frames, labels and addresses become numbers (rows.py)."""

import functools
import re
import struct
from dataclasses import dataclass, field

import numpy as np

from .lanes import OPERATIONS
from .lower import lower
from .parser import SIZES, Function, Instruction, Module, Place, Unsupported, Variable, call_names
from .rows import (
    ARITHMETIC,
    ATOMIC,
    CLOCK,
    CODE,
    COPY_ASYNC,
    COUNT,
    END,
    EXIT,
    EXTRA,
    FENCE,
    FIRST_ROW,
    FIRST_VARIABLE,
    FLAGS,
    FRAGMENT_LOAD,
    FRAGMENT_STORE,
    GUARD,
    GUARD_GAP,
    IMM,
    INDEX_ROWS,
    INDICES,
    INVERT,
    KIND,
    LOAD,
    LOCAL_ROW,
    MATRIX_LOAD,
    MATRIX_STORE,
    MEMORY,
    OP,
    PARAMETERS,
    REGION_BITS,
    RELEASE,
    RETURN,
    SIZE,
    SPACE,
    STORE,
    TRUE,
    WIDE,
    A,
    B,
    C,
    D,
    Row,
)
from .swaps import swapped_addresses


@dataclass
class Frame:
    """A function's registers and local memory while its instructions are read."""

    function: Function
    rows: dict[object, int] = field(default_factory=dict)  # what the row holds → its width: 0, 32, 64
    local: dict[str, int] = field(default_factory=dict)  # variables in local memory → offset
    local_size: int = 0
    swapped: set[str] = field(default_factory=set)  # of loads: addresses that an atomicCAS works on, too (swaps.py)
    offsets: dict[object, int] = field(default_factory=dict)
    size: int = 0

    def row(self, key: object, width: int) -> object:
        self.rows.setdefault(key, width)
        return key

    def place(self) -> None:
        """Give every row its offset."""
        at = FIRST_ROW
        for width, step in ((0, 8), (32, 128), (64, 256)):
            at = -(-at // 64) * 64
            for key, row_width in self.rows.items():
                if row_width == width:
                    self.offsets[key] = at
                    at += step
        self.size = -(-at // 64) * 64

    def offset(self, key: object) -> int:
        if key is None:
            return -1
        if isinstance(key, tuple) and key[0] == "index":
            return INDICES + 128 * INDEX_ROWS.index(key[1])
        if key == ("local",):
            return LOCAL_ROW
        return self.offsets[key]


@dataclass
class Program:
    """A kernel ready to run, and what launch.py must fill in: parameters, indices, addresses of variables."""

    name: str
    code: np.ndarray
    places: list[Place]
    texts: list[str]  # the PTX of each row
    names: list[str]  # the operation of each arithmetic row
    frames: list[Frame]  # the kernel's own first
    entries: list[int]  # where each function begins
    parameters: list[Variable]
    parameter_offsets: dict[str, int]
    parameter_size: int
    shared: dict[str, tuple[int, int]]  # name → offset, size
    shared_size: int  # where dynamic shared memory begins
    variables: dict[str, tuple[int, Variable]]  # name → region, for global and constant memory
    tables: list[int]  # operands of instructions with many, targets of switches
    memory_rows: int  # instructions that access memory
    grain: int  # bytes of the narrowest access: what races are told apart by

    @functools.cached_property
    def code64(self) -> np.ndarray:
        """The same in 64 bits, as the machine reads all that isn't arithmetic."""
        return self.code.astype(np.int64)

    @functools.cached_property
    def kinds(self) -> set[int]:
        """What kinds of rows there are."""
        return set(self.code[:, KIND].tolist())

    @functools.cached_property
    def passes_on(self) -> bool:
        """Whether its threads tell each other by memory what they have done: by a fence, or a write that releases."""
        writes = (self.code[:, KIND] == STORE) | (self.code[:, KIND] == ATOMIC)
        return FENCE in self.kinds or bool((self.code[writes, FLAGS] & RELEASE).any())

    @functools.cached_property
    def prints(self) -> bool:
        return any(text.startswith("call") and "vprintf" in text for text in self.texts)


class Builder:
    """Collects the rows of a kernel and of the functions that it calls."""

    def __init__(self, module: Module, name: str):
        self.module = module
        self.rows: list[Row] = []
        self.frames: list[Frame] = []
        self.entries: list[int] = []
        self.numbers: dict[str, int] = {}
        self.variables: dict[str, tuple[int, Variable]] = {}
        self.tables: list = []  # numbers; until the function is read, also labels and (0, row)
        self.shared: dict[str, tuple[int, int]] = {}
        self.shared_size = 0
        self.leaders: set[int] = set()
        self.grain = 8
        self.instruction: Instruction | None = None
        kernel = module.function(name)
        self.frame = Frame(kernel)
        self.parameter_offsets, self.parameter_size = stack(kernel.parameters)
        self.waiting = [name]
        self.number(name)
        while len(self.frames) < len(self.waiting):
            self.read(self.waiting[len(self.frames)])

    def number(self, name: str) -> int:
        """A function's number; it is read in its turn."""
        if name not in self.numbers:
            function = self.module.functions.get(name)
            if function is None or not function.body:
                raise Unsupported(f"a call of {name}, which has no body: the simulator knows vprintf and __assertfail")
            self.numbers[name] = len(self.numbers)
            if name not in self.waiting:
                self.waiting.append(name)
        return self.numbers[name]

    def read(self, name: str) -> None:
        function = self.module.function(name)
        frame = self.frame = Frame(function, swapped=swapped_addresses(function))
        self.frames.append(frame)
        self.entries.append(len(self.rows))
        self.leaders.add(len(self.rows))
        at = 0
        if not function.entry:
            frame.local, at = stack([*function.returns, *function.parameters])
        for variable in function.variables.values():
            if variable.space == "local":
                at = -(-at // variable.align) * variable.align
                frame.local[variable.name] = at
                at += variable.size
            elif variable.space == "shared":
                self.place_shared(variable)
        frame.local_size = -(-at // 16) * 16
        for instruction in function.instructions:
            if instruction.opcode[0] == "call":
                self.place_arguments(instruction)
        starts = []
        for number, instruction in enumerate(function.instructions):
            starts.append(len(self.rows))
            if number in function.labels.values():
                self.leaders.add(len(self.rows))
            self.instruction = instruction
            try:
                lower(self, instruction)
            except (Unsupported, KeyError, IndexError, StopIteration, TypeError) as error:
                reason = f": {error}" if isinstance(error, Unsupported) else ""
                where = f"{instruction.place.file}:{instruction.place.file_line}"
                raise Unsupported(f"{where}: the simulator can't execute {instruction!s}{reason}") from error
        starts.append(len(self.rows))
        self.instruction = None
        self.emit(EXIT if function.entry else RETURN)  # where a body ends without one
        labels = {label: starts[number] for label, number in function.labels.items()}
        for row in self.rows[self.entries[-1] :]:
            if isinstance(row.imm, str):
                row.imm = labels[row.imm]
        for k, entry in enumerate(self.tables):
            if isinstance(entry, str):
                self.tables[k] = labels[entry]
        frame.place()
        for k, entry in enumerate(self.tables):
            if isinstance(entry, tuple):
                self.tables[k] = frame.offset(entry[1])

    def place_arguments(self, call: Instruction) -> None:
        """The caller writes arguments where the callee's local memory will begin, and finds the result there."""
        variables = self.frame.function.variables
        names = [call_names(operand) for operand in call.operands if operand.startswith("(")]
        if not call.operands[0].startswith("("):
            names.insert(0, [])
        listed = [variables[name] for group in names for name in group]
        offsets, _ = stack(listed)
        for name, at in offsets.items():
            self.frame.local[name] = self.frame.local_size + at

    def place_shared(self, variable: Variable) -> None:
        if variable.name not in self.shared and variable.size:
            align = max(variable.align, 1)
            at = -(-self.shared_size // align) * align
            self.shared[variable.name] = (at, variable.size)
            end = at + variable.size
            self.shared_size = -(-(end + 1) // GUARD_GAP) * GUARD_GAP

    def emit(self, kind: int, **columns) -> Row:
        instruction = self.instruction
        row = Row(kind, instruction.place if instruction else Place(0, "", 0), str(instruction or "ret"))
        for name, value in columns.items():
            setattr(row, name, value)
        if instruction and instruction.guard and row.guard is None:
            row.guard = self.register(instruction.guard)
            row.inverted = instruction.negated
        self.rows.append(row)
        if kind != ARITHMETIC:
            self.leaders.add(len(self.rows))
        return row

    def alu(self, name: str, d: object, *sources: object) -> None:
        number = OPERATIONS[name].number
        columns = dict(zip(("a", "b", "c", "extra"), sources))
        self.emit(ARITHMETIC, op=number, d=d, arithmetic=name, **columns)

    # Rows for operands.

    def register(self, name: str) -> object:
        kind = self.frame.function.registers[name]
        return self.frame.row(name, 0 if kind == "pred" else 64 if SIZES[kind] == 8 else 32)

    def is_register(self, name: str) -> bool:
        return name in self.frame.function.registers

    def temporary(self, width: int) -> object:
        return self.frame.row(("temporary", len(self.frame.rows)), width)

    def constant(self, value: int, width: int) -> object:
        return self.frame.row(("constant", value & ((1 << (width or 1)) - 1), width), width)

    def operand(self, text: str, width: int, kind: str = "b") -> object:
        """The row of a register, special register, number or address; `width` 0 is a predicate, 16 one of 32."""
        width = 32 if width in (8, 16) else width
        if self.is_register(text):
            return self.register(text)
        if text.startswith("%") or text == "WARP_SZ":
            return self.special(text.lstrip("%"), width)
        if text.startswith("!"):
            inverted = self.temporary(0)
            self.alu("not.pred", inverted, self.register(text[1:]))
            return inverted
        number = literal(text, width, kind)
        if number is not None:
            return self.constant(number, width)
        return self.symbol(text, width)

    def special(self, name: str, width: int) -> object:
        if name in INDEX_ROWS:
            row: object = ("index", name)
        elif name in ("clock", "clock64", "globaltimer", "clock_hi", "globaltimer_lo", "globaltimer_hi"):
            row = self.temporary(width)
            self.emit(CLOCK, d=row, size=width // 8)
            return row
        elif name == "WARP_SZ":
            return self.constant(32, width)
        else:
            if not re.fullmatch(
                r"(ntid|nctaid)\.[xyz]|laneid|nwarpid|lanemask_(eq|lt|le|gt|ge)|smid|nsmid|gridid|envreg\d+"
                r"|dynamic_smem_size|total_smem_size|cluster_(ctaid|nctaid)\.[xyz]|cluster_(ctarank|nctarank)"
                r"|clusterid\.[xyz]|nclusterid\.[xyz]|is_explicit_cluster|aggr_smem_size",
                name,
            ):
                raise Unsupported(f"the special register %{name}")
            return self.frame.row(("special", name, width), width)
        if width == 64:
            wide = self.temporary(64)
            self.alu("extend.u32", wide, row)
            return wide
        return row

    def symbol(self, text: str, width: int) -> object:
        """The row of the address of a variable or function, `name` or `name+4`."""
        found = re.fullmatch(r"([\w$%.]+)(?:\s*\+\s*(-?\w+))?", text)
        if not found:
            raise Unsupported(f"the operand {text}")
        name, add = found[1], int(found[2] or "0", 0)
        if name in self.frame.local:
            row = self.temporary(64)
            self.alu("add.64", row, ("local",), self.constant(self.frame.local[name] + add, 64))
            if width == 32:
                narrow = self.temporary(32)
                self.alu("low.32", narrow, row)
                return narrow
            return row
        return self.symbol_row(name, add, width)

    def symbol_row(self, name: str, add: int, width: int) -> object:
        if name not in self.shared and (variable := self.variable(name)) and variable.space == "shared":
            if variable.size == 0:  # begins after all others, which aren't all known yet
                return self.frame.row(("dynamic", add, width), width)
            self.place_shared(variable)
        return self.constant(self.address_of(name) + add, width)

    def variable(self, name: str) -> Variable | None:
        return self.module.variables.get(name) or self.frame.function.variables.get(name)

    def address_of(self, name: str) -> int:
        """A variable's address; in shared memory its offset there."""
        if self.frame.function.entry and name in self.parameter_offsets:
            return (PARAMETERS << REGION_BITS) + self.parameter_offsets[name]
        if name in self.shared:
            return self.shared[name][0]
        variable = self.variable(name)
        if variable is None:
            if name in self.module.functions:
                return CODE + self.number(name)
            raise Unsupported(f"the name {name}")
        if name not in self.variables:
            self.variables[name] = (FIRST_VARIABLE + len(self.variables), variable)
            for value in variable.values:
                if symbol := re.search(r"[a-zA-Z_$][\w$]*", re.sub(r"\b0[xXfFdD][0-9a-fA-F]+|generic", "", value)):
                    self.address_of(symbol[0])
        return self.variables[name][0] << REGION_BITS

    def address(self, text: str) -> tuple[object, int, int]:
        """`[base+offset]` → the row of the base, whether it is 64 bits wide, the offset."""
        found = re.fullmatch(r"\[\s*([\w$%.]+?)\s*(?:\+\s*(-?\w+))?\s*\]", text)
        if not found:
            raise Unsupported(f"the address {text}")
        base, add = found[1], int(found[2] or "0", 0)
        if self.is_register(base):
            row = self.register(base)
            return row, int(self.frame.rows[row] == 64), add
        if base in self.frame.local:
            return ("local",), 1, self.frame.local[base] + add
        if re.fullmatch(r"-?(0[xX])?[0-9a-fA-F]+", base) and base not in self.module.variables:
            return self.constant(int(base, 0), 64), 1, add
        return self.symbol_row(base, 0, 64), 1, add

    def tables_of(self, numbers: list[int]) -> int:
        """Put numbers into the side table; the index of the first."""
        self.tables.extend(numbers)
        return len(self.tables) - len(numbers)

    def table(self, rows: list[object]) -> int:
        """Put rows into the side table; the index of the first."""
        self.tables.extend((0, row) for row in rows)
        return len(self.tables) - len(rows)


def stack(variables: list[Variable]) -> tuple[dict[str, int], int]:
    """Variables one after the other, each at its alignment: their offsets and the end."""
    offsets, at = {}, 0
    for variable in variables:
        at = -(-at // variable.align) * variable.align
        offsets[variable.name] = at
        at += variable.size
    return offsets, -(-at // 16) * 16


def literal(text: str, width: int, kind: str) -> int | None:
    """A number as the bits of a row; None if the text isn't one."""
    if re.fullmatch(r"0[fF][0-9a-fA-F]{8}", text):
        pattern = int(text[2:], 16)
        if width == 64:
            return struct.unpack("<Q", struct.pack("<d", struct.unpack("<f", struct.pack("<I", pattern))[0]))[0]
        return pattern
    if re.fullmatch(r"0[dD][0-9a-fA-F]{16}", text):
        return int(text[2:], 16)
    if re.fullmatch(r"-?(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)U?", text):
        value = text.rstrip("U")
        sign = -1 if value.startswith("-") else 1
        value = value.lstrip("-")
        base = 16 if value[:2] in ("0x", "0X") else 2 if value[:2] in ("0b", "0B") else 8 if value[:1] == "0" else 10
        number = sign * int(value, base)
        if kind == "f" and base == 10:
            return real_bits(float(number), width)
        return number
    if re.fullmatch(r"-?\d*\.\d*(e[+-]?\d+)?", text, re.IGNORECASE) and text not in (".", "-."):
        return real_bits(float(text), width)
    return None


def real_bits(value: float, width: int) -> int:
    return (
        struct.unpack("<Q", struct.pack("<d", value))[0]
        if width == 64
        else struct.unpack("<I", struct.pack("<f", value))[0]
    )


def build(module: Module, name: str) -> Program:
    """The program of one kernel of a module."""
    builder = Builder(module, name)
    rows = builder.rows
    count = len(rows)
    code = np.zeros((count, 16), np.int32)
    memory = 0
    frames = {}
    for number, entry in enumerate(builder.entries):
        frames[entry] = builder.frames[number]
    frame = builder.frames[0]
    for pc, row in enumerate(rows):
        frame = frames.get(pc, frame)
        line = code[pc]
        line[OP], line[KIND] = row.op, row.kind
        line[GUARD] = TRUE if row.guard is None else frame.offset(row.guard)
        line[INVERT] = -1 if row.inverted else 0
        for column, key in ((D, row.d), (A, row.a), (B, row.b), (C, row.c), (EXTRA, row.extra)):
            line[column] = frame.offset(key)
        line[IMM], line[SIZE], line[COUNT], line[WIDE], line[SPACE] = row.imm, row.size, row.count, row.wide, row.space
        if row.kind in (LOAD, STORE, ATOMIC, COPY_ASYNC, MATRIX_LOAD, MATRIX_STORE, FRAGMENT_LOAD, FRAGMENT_STORE):
            line[MEMORY] = memory
            memory += 2  # an asynchronous copy accesses two places
        line[FLAGS] = row.flags
    end = count
    for pc in range(count - 1, -1, -1):
        if pc + 1 == count or pc + 1 in builder.leaders or rows[pc + 1].kind != ARITHMETIC:
            end = pc + 1
        if rows[pc].kind == ARITHMETIC:
            code[pc, END] = end
    return Program(
        name,
        code,
        [row.place for row in rows],
        [row.text for row in rows],
        [row.arithmetic for row in rows],
        builder.frames,
        builder.entries,
        builder.module.functions[name].parameters,
        builder.parameter_offsets,
        builder.parameter_size,
        builder.shared,
        builder.shared_size,
        builder.variables,
        builder.tables,
        memory,
        builder.grain,
    )
