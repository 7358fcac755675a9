"""How a kernel's work is shared out among the processor's cores.

    @task
    def some_rows(first, last, x, y): ...                    # a thread's share: pieces first … last − 1

    @kernel("in real[:, ::1], out real[:, ::1]")
    def softmax(x, y, threads):
        share(some_rows, x.shape[0], enough(threads, x.size), x, y)

Numba's `prange` does this too; `share` costs less, to compile (a tenth of a second a kernel rather than one) and to
run: it stays on the calling thread where the work is too small to wake others for, and after a fork (threads.py).
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from .jit import compiled_task, inline

# Units of work, such as an element read, changed and written from the cache (0.1 ns), that pay for waking a thread.
GRAIN = 1 << 15
I8, I32, I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)
POINTER = I8.as_pointer()


@inline
def enough(threads, work):
    """As many threads as so many units of work are worth; small work stays on the calling thread."""
    return min(threads, max(1, work // GRAIN))


@intrinsic
def share(context, task, count, threads, *args):
    """Call task(first, last, *args) so that pieces 0 … count − 1 are done, by up to `threads` threads.

    `task` is a function for kernels; it returns nothing. Thread t of n gets pieces count · t // n … count · (t + 1)
    // n − 1. No result may depend on n.
    """
    kinds = (types.intp, types.intp, *args)
    integers = (types.Integer, types.IntegerLiteral)
    if not (isinstance(task, types.Dispatcher) and all(isinstance(x, integers) for x in (count, threads))):
        return None
    compiled_task(task.dispatcher, kinds)
    signature = types.void(task, types.intp, types.intp, types.StarArgTuple(args))

    def generate(target, b, sig, values):
        _, count, threads, passed = values
        passed = _borrowed(b, passed, args)
        result = compiled_task(task.dispatcher, kinds)
        target.add_linking_libs([result.library])
        threads = b.select(b.icmp_signed("<", count, threads), count, threads)
        _run(target, b, result, count, threads, passed)
        return target.get_dummy_value()

    return signature, generate


def _borrowed(b: Any, passed: Any, args: Any) -> Any:
    """The arguments as a task gets them.

    Arrays come without their owner (`meminfo`), whose count of references all threads would change together, at every
    function that they hand an array to: the caller keeps them alive. A function is a type and not a value: as a value
    it would be an address of this process, and the kernel couldn't be kept on disk.
    """
    for k, kind in enumerate(args):
        if isinstance(kind, types.Dispatcher):
            passed = b.insert_value(passed, ir.Constant(passed.type.elements[k], None), k)
        elif isinstance(kind, types.Array):
            for owner in (0, 1):  # meminfo and parent
                passed = b.insert_value(passed, ir.Constant(POINTER, None), [k, owner])
    return passed


def _run(target: Any, b: Any, task: Any, count: Any, threads: Any, passed: Any) -> None:
    """Call `body` for one thread, or let Numba's own loop over threads, numba_parallel_for, call it for each.

    That one was made for loops over arrays: it hands out "addresses" args[0] + t · steps[0], here from 0 in steps of 1.
    """
    module = b.module
    record = ir.LiteralStructType([I64, I64, I64, passed.type])
    kind = ir.FunctionType(ir.VoidType(), [POINTER.as_pointer(), I64.as_pointer(), I64.as_pointer(), POINTER])
    body = ir.Function(module, kind, module.get_unique_name("share"))
    body.linkage = "internal"
    body.attributes.add("noinline")  # its code is wanted once
    _write_body(target, body, record, task)

    def word(value: Any, type: Any = I64) -> Any:
        place = cgutils.alloca_once(b, type)
        b.store(value, place)
        return place

    shared = cgutils.alloca_once(b, record)
    for k, value in enumerate((I64(0), count, threads, passed)):
        b.store(value, b.gep(shared, [I32(0), I32(k)]))
    loop = [word(ir.Constant(POINTER, None), POINTER), word(threads), word(I64(1)), b.bitcast(shared, POINTER)]
    with b.if_else(b.icmp_signed("<=", threads, I64(1))) as (alone, together):
        with alone:
            b.store(I64(1), loop[1])
            b.store(I64(1), b.gep(shared, [I32(0), I32(2)]))
            b.call(body, loop)
        with together:
            arguments = [b.bitcast(body, POINTER), *loop, I64(0), I64(1), b.trunc(threads, I32)]
            kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
            b.call(cgutils.get_or_insert_function(module, kind, "numba_parallel_for"), arguments)
    # A thread can't raise. All that may go wrong in a task is an array of its own that there is no room for.
    failed = b.load(b.gep(shared, [I32(0), I32(0)]))
    with b.if_then(b.icmp_signed("!=", failed, I64(0)), likely=False):
        target.call_conv.return_user_exc(b, MemoryError, ("a kernel's thread has no room for an array of its own",))


def _write_body(target: Any, body: ir.Function, record: Any, task: Any) -> None:
    """Thread t of n does pieces count · t / n … count · (t + 1) / n − 1."""
    b = ir.IRBuilder(body.append_basic_block("entry"))
    addresses, sizes, steps, data = body.args
    shared = b.bitcast(data, record.as_pointer())
    failed = b.gep(shared, [I32(0), I32(0)])
    count, threads, passed = (b.load(b.gep(shared, [I32(0), I32(k)])) for k in range(1, 4))
    first_thread, step = b.ptrtoint(b.load(addresses), I64), b.load(steps)
    with cgutils.for_range(b, b.load(sizes)) as loop:
        thread = b.add(first_thread, b.mul(loop.index, step))
        first, last = (b.sdiv(b.mul(count, t), threads) for t in (thread, b.add(thread, I64(1))))
        unpacked = cgutils.unpack_tuple(b, passed, len(record.elements[3].elements))
        status, _ = target.call_internal_no_propagate(b, task.fndesc, task.signature, (first, last, *unpacked))
        with b.if_then(status.is_error, likely=False):
            b.store(I64(1), failed)
    b.ret_void()
