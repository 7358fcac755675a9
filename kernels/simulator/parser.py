"""PTX text → functions, variables, instructions: the words are taken apart here, their meaning is program.py's.

PTX is NVIDIA's published virtual instruction set (docs.nvidia.com/cuda/parallel-thread-execution). A line of it:

    @!%p3  ld.global.v2.f32  {%f1, %f2}, [%rd4+8];
    guard  opcode            operands
"""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

SIZES = {"pred": 1, "b8": 1, "u8": 1, "s8": 1, "f16": 2, "bf16": 2, "f16x2": 4, "bf16x2": 4, "tf32": 4, "b128": 16} | {
    f"{kind}{bits}": bits // 8 for kind in "busf" for bits in (16, 32, 64)
}


class Unsupported(ValueError):
    """Something that the simulator can't execute; the message names it and its source line."""


@dataclass(frozen=True)
class Place:
    """Where in the CUDA source an instruction comes from."""

    line: int  # in the main file: of the call, for a function of a header that was inlined; 0 if unknown
    file: str  # where the text itself stands
    file_line: int


@dataclass(frozen=True)
class Instruction:
    opcode: tuple[str, ...]  # split at the dots: ("ld", "global", "v2", "f32")
    operands: tuple[str, ...]
    guard: str  # the name of a predicate, or ""
    negated: bool  # runs where the guard is false
    place: Place

    def __str__(self) -> str:
        return f"{'.'.join(self.opcode)} {', '.join(self.operands)}"


@dataclass(frozen=True)
class Variable:
    """A named piece of memory: of the module (global, const, shared), of a function (shared, local) or a parameter."""

    name: str
    space: str
    align: int
    size: int  # bytes; 0 for `extern __shared__ x[]`
    type: str = "b8"
    values: tuple[str, ...] = ()  # its initial values as written, of that type; zeros follow


@dataclass
class Function:
    name: str
    entry: bool
    parameters: list[Variable]
    returns: list[Variable]
    body: str
    read: bool = False  # whether what follows, which the body says, is there
    registers: dict[str, str] = field(default_factory=dict)  # name → type
    variables: dict[str, Variable] = field(default_factory=dict)
    instructions: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)  # → index of an instruction
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)  # .branchtargets: the labels of a switch


@dataclass
class Module:
    functions: dict[str, Function]
    variables: dict[str, Variable]
    files: dict[str, str]  # number → path
    main: str

    def function(self, name: str) -> Function:
        """One of the functions, its body read: a kernel needs few of those beside it."""
        function = self.functions[name]
        with _reading:
            if not function.read:
                _read_body(function, self.files, self.main)
                function.read = True
        return function


_reading = threading.Lock()

_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_FILE = re.compile(r'^\s*\.file\s+(\d+)\s+"([^"]*)"', re.MULTILINE)
_FUNCTION = re.compile(
    r"\.(func|entry)\s+(?:\.noreturn\s*)?(?:\(([^)]*)\)\s*)?([\w$%]+)\s*(?:\(([^)]*)\))?([^{;]*)([{;])", re.DOTALL
)
_VARIABLE = re.compile(
    r"\.(global|const|shared|local|param)\s+(?:\.attribute\([^)]*\)\s*)?(?:\.align\s+(\d+)\s+)?(?:\.(v[24])\s+)?\.(\w+)\s+"
    r"(?:\.ptr[.\w\s]*?\s)?([\w$%]+)((?:\[\d*\])*)\s*(?:=\s*(?:\{(.*?)\}|([^;]+)))?\s*$",
    re.DOTALL,
)
_LOCATION = re.compile(r"\.loc\s+(\d+)\s+(\d+)\s+(\d+)(?:.*inlined_at\s+(\d+)\s+(\d+)\s+(\d+))?")
_NOT_SPACE = re.compile(r"\S")
_LABEL = re.compile(r"([\w$%]+)\s*:(?!:)")
_BRACKET = re.compile(r"[{\[(]")
_GUARD = re.compile(r"@(!?)([\w$%]+)\s+")
_NAME = re.compile(r"(?<![\w.$%])[%a-zA-Z_$][\w$%]*(?:\.[xyz]\b)?")


def parse(text: str, main: str = "") -> Module:
    """The functions, their bodies unread, and variables of a PTX module; `main` is the path of the main source file."""
    text = _COMMENT.sub(lambda found: found[1] or " ", text)
    files = dict(_FILE.findall(text))
    functions, outside, position = {}, [], 0
    for header in _FUNCTION.finditer(text):
        if header.start() < position:
            continue
        outside.append(text[position : header.start()])
        position = header.end()
        kind, returns, name, parameters, _, opening = header.groups()
        body = ""
        if opening == "{":
            depth = 1
            while depth:
                brace = re.compile(r"[{}]").search(text, position)
                if brace is None:
                    raise ValueError(f"the PTX of {name} has no end")
                depth += 1 if brace[0] == "{" else -1
                position = brace.end()
            body = text[header.end() : position - 1]
        function = Function(name, kind == "entry", _parameters(parameters), _parameters(returns), body)
        if body or name not in functions:
            functions[name] = function
    outside.append(text[position:])
    variables = {}
    for statement in ";".join(outside).split(";"):
        found = re.search(r"\.(?:global|const|shared)\s.*$", statement, re.DOTALL)
        if found and (variable := _variable(found[0])):
            variables[variable.name] = variable
    return Module(functions, variables, files, main)


def _parameters(text: str | None) -> list[Variable]:
    declared = (_variable(part.strip()) for part in (text or "").split(",") if part.strip())
    return [parameter for parameter in declared if parameter]


def _variable(text: str) -> Variable | None:
    found = _VARIABLE.match(text.strip())
    if not found:
        return None
    space, align, vector, kind, name, counts, values, value = found.groups()
    element = SIZES[kind]
    size = element * int((vector or "v1")[1:])
    for count in re.findall(r"\[(\d*)\]", counts):
        size *= int(count or 0)
    listed = tuple(x.strip() for x in re.sub(r"[{}]", "", values or value or "").split(",") if x.strip())
    return Variable(name, space, int(align or element), size, kind, listed)


def _statements(body: str) -> Iterator[str]:
    """A function's statements, its `{` and `}` among them; a .loc ends with its line, all else with a semicolon."""
    position, end = 0, len(body)
    while start := _NOT_SPACE.search(body, position):
        position = start.start()
        if body[position] in "{}":
            stop = position + 1
        elif body.startswith((".loc ", ".loc\t", ".file"), position):
            stop = body.find("\n", position)
        elif (label := _LABEL.match(body, position)) and body[label.end() : label.end() + 1] != ":":
            stop = label.end()
        else:
            stop = body.find(";", position)
        stop = end if stop < 0 else stop
        yield body[position:stop].rstrip()
        position = stop + (body[stop : stop + 1] == ";")


def _read_body(function: Function, files: dict[str, str], main: str) -> None:
    scopes: list[dict[str, str]] = [{}]  # a name declared in braces → a name that is used once
    chain: dict[tuple, tuple] = {}  # a place in an inlined function → the place of the call
    place = Place(0, main, 0)
    label, unique = "", 0

    def renamed(text: str) -> str:
        if len(scopes) == 1:
            return text
        known = {name: new for scope in scopes for name, new in scope.items()}
        return _NAME.sub(lambda name: known.get(name[0], name[0]), text)

    def declare(name: str) -> str:
        nonlocal unique
        if len(scopes) > 1:
            unique += 1
            scopes[-1][name] = f"{name}_{unique}"
            return scopes[-1][name]
        return name

    statements = list(_statements(function.body))
    for number, statement in enumerate(statements):
        if statement == "{":
            scopes.append({})
            for label in _labels_within(statements, number):
                declare(label)
        elif statement == "}":
            scopes.pop()
        elif statement.startswith((".loc ", ".loc\t")):
            found = _LOCATION.match(statement)
            if found and found[2] != "0":
                own = found.group(1, 2, 3)
                if found[4]:
                    chain[own] = found.group(4, 5, 6)
                else:
                    chain.pop(own, None)
                outer, depth = own, 0
                while files.get(outer[0]) != main and outer in chain and depth < 100:
                    outer, depth = chain[outer], depth + 1
                line = int(outer[1]) if files.get(outer[0], main) == main else 0
                place = Place(line, files.get(own[0], main), int(own[1]))
        elif statement.endswith(":") and _LABEL.fullmatch(statement):
            label = statement[:-1].strip()
            function.labels[renamed(label)] = len(function.instructions)
        elif statement.startswith(".branchtargets"):
            function.tables[renamed(label)] = tuple(x.strip() for x in statement[14:].split(","))
        elif statement.startswith(".reg"):
            kind, names = re.match(r"\.reg\s*(?:\.v\d\s*)?\.(\w+)\s+(.*)", statement, re.DOTALL).groups()  # pyright: ignore
            for name in names.split(","):
                stem, count = re.match(r"\s*([\w$%]+)(?:<(\d+)>)?", name).groups()  # pyright: ignore
                for one in [f"{stem}{k}" for k in range(int(count))] if count else [stem]:
                    function.registers[declare(one)] = kind
        elif statement.startswith((".shared", ".local", ".param")):
            variable = _variable(statement)
            if variable is None:
                raise Unsupported(f"{function.name}: the declaration {statement!r}")
            variable = Variable(declare(variable.name), *list(vars(variable).values())[1:])
            function.variables[variable.name] = variable
        elif statement.startswith("."):  # .pragma, .callprototype: nothing to execute
            continue
        else:
            function.instructions.append(_instruction(renamed(statement), place))


def _labels_within(statements: list[str], opening: int) -> Iterator[str]:
    """The labels that stand between the brace at `opening` and its partner, and in no deeper braces."""
    depth = 0
    for statement in statements[opening:]:
        depth += {"{": 1, "}": -1}.get(statement, 0)
        if depth == 0:
            return
        if depth == 1 and statement.endswith(":"):
            yield statement[:-1].strip()


def _instruction(statement: str, place: Place) -> Instruction:
    guard = _GUARD.match(statement)
    rest = statement[guard.end() :] if guard else statement
    opcode, _, operands = " ".join(rest.split()).partition(" ")
    return Instruction(
        tuple(x for x in opcode.replace("::", ".").split(".") if x),
        tuple(split(operands)),
        guard[2] if guard else "",
        bool(guard and guard[1]),
        place,
    )


def split(text: str) -> list[str]:
    """Operands at the commas that stand in no brackets."""
    if not _BRACKET.search(text):
        plain = [part.strip() for part in text.split(",")]
        return plain if plain[-1] else plain[:-1]
    parts, depth, start = [], 0, 0
    for position, letter in enumerate(text):
        if letter in "{[(":
            depth += 1
        elif letter in "}])":
            depth -= 1
        elif letter == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    last = text[start:].strip()
    return [*parts, last] if last else parts


def call_names(operand: str) -> list[str]:
    return [name.strip() for name in operand.strip("() ").split(",") if name.strip()]
