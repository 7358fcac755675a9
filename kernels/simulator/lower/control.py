"""Branches, calls, barriers, fences; and what the lanes of a warp do together."""

from .. import rows as code
from ..parser import Unsupported, call_names
from .common import WIDTHS, type_of


def _bra(b, words, o) -> None:
    del words
    b.emit(code.BRANCH, imm=o[0])


def _brx(b, words, o) -> None:
    targets = b.frame.function.tables[o[1]]
    b.tables.extend(targets)
    b.emit(code.SWITCH, a=b.operand(o[0], 32), imm=len(b.tables) - len(targets), count=len(targets))


def _ret(b, words, o) -> None:
    del o
    b.emit(code.EXIT if words[0] == "exit" or b.frame.function.entry else code.RETURN)


def _call(b, words, o) -> None:
    returned = o[0].startswith("(")
    name = o[1 if returned else 0]
    arguments = call_names(o[2 if returned else 1]) if len(o) > (2 if returned else 1) else []
    at = b.frame.local_size
    places = [b.frame.local[argument] for argument in arguments if argument in b.frame.local]
    if name == "vprintf":
        b.emit(code.PRINT, imm=b.tables_of(places))
    elif name == "__assertfail":
        b.emit(code.ASSERT, imm=b.tables_of(places))
    elif b.is_register(name):
        b.emit(code.CALL, a=b.register(name), imm=-1, size=at)
    else:
        b.emit(code.CALL, imm=b.number(name), size=at)


def _bar(b, words, o) -> None:
    if "warp" in words:
        b.emit(code.WARP_SYNC, a=b.operand(o[0], 32))
        return
    if "cluster" in words:
        raise Unsupported("clusters are unknown")
    if "sync" in words or "arrive" in words:
        sort = 0 if "sync" in words else 1
        count = b.operand(o[1], 32) if len(o) > 1 else None
        b.emit(
            code.BARRIER, op=sort, a=b.operand(o[0], 32), b=count, imm=words[0] == "barrier" and "aligned" not in words
        )
        return
    sort = 2 + ("popc", "and", "or").index(words[2 if words[1] == "red" else 3])
    count = b.operand(o[2], 32) if len(o) > 3 else None
    predicate = b.operand(o[-1], 0)
    b.emit(code.BARRIER, op=sort, d=b.register(o[0]), a=b.operand(o[1], 32), b=count, c=predicate)


def _fence(b, words, o) -> None:
    del o
    if "proxy" in words or "mbarrier_init" in words:
        return
    b.emit(code.FENCE)


def _trap(b, words, o) -> None:
    del words, o
    b.emit(code.TRAP)


def _nothing(b, words, o) -> None:
    """Hints: nothing that a program could observe."""
    del b, words, o


def _sleep(b, words, o) -> None:
    del words, o
    b.emit(code.SLEEP)


def _shfl(b, words, o) -> None:
    d, _, valid = o[0].partition("|")
    mode = ("idx", "up", "down", "bfly").index(words[2])
    b.emit(
        code.SHUFFLE,
        op=mode,
        d=b.register(d.strip()),
        a=b.operand(o[1], 32),
        b=b.operand(o[2], 32),
        c=b.operand(o[3], 32),
        extra=b.operand(o[4], 32),
        imm=0 if not valid else 1 + b.table([b.register(valid.strip())]),
    )


def _vote(b, words, o) -> None:
    mode = ("ballot", "any", "all", "uni").index(words[2])
    b.emit(code.VOTE, op=mode, d=b.register(o[0]), a=b.operand(o[1], 0), extra=b.operand(o[2], 32))


def _match(b, words, o) -> None:
    d, _, same = o[0].partition("|")
    width = WIDTHS[type_of(words)]
    b.emit(
        code.MATCH,
        op=("any", "all").index(words[1]),
        d=b.register(d.strip()),
        a=b.operand(o[1], width),
        extra=b.operand(o[2], 32),
        size=width // 8,
        b=b.register(same.strip()) if same else None,
    )


def _redux(b, words, o) -> None:
    name = words[2]
    if type_of(words) == "f32":
        raise Unsupported("redux of floats is unknown")
    mode = ("add", "and", "or", "xor", "min", "max", "umin", "umax").index(
        name if type_of(words)[0] != "u" or name not in ("min", "max") else "u" + name
    )
    b.emit(code.REDUCE, op=mode, d=b.register(o[0]), a=b.operand(o[1], 32), extra=b.operand(o[2], 32))


def _activemask(b, words, o) -> None:
    del words
    b.emit(code.ACTIVE_MASK, d=b.register(o[0]))


HANDLERS = {
    **dict.fromkeys(("bar", "barrier"), _bar),
    **dict.fromkeys(("fence", "membar"), _fence),
    **dict.fromkeys(("ret", "exit"), _ret),
    **dict.fromkeys(
        ("prefetch", "prefetchu", "discard", "applypriority", "griddepcontrol", "setmaxnreg", "pmevent", "brkpt"),
        _nothing,
    ),
    "bra": _bra,
    "brx": _brx,
    "call": _call,
    "trap": _trap,
    "nanosleep": _sleep,
    "shfl": _shfl,
    "vote": _vote,
    "match": _match,
    "redux": _redux,
    "activemask": _activemask,
}
