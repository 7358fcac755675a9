"""What every update's contract shares: its declaration, the checks, and the flat layout."""

import math
from typing import Any

from .. import capture, check
from ..backend import current
from ..operation import EDGES, Cost, Draw, Sample, operation


def update(
    formula: str,
    states: int,
    *options: dict,
    in_place: tuple[str, ...],
    idle: int = 0,
    large: bool = False,
    kernel: str = "",
):
    """The declaration of an update with so many state arrays, `idle` of which the first of `options` leaves alone.

    `options` are what to try it with, the first with most sizes. `large` is for the most used ones, which are tried
    and measured at more sizes.
    """
    states_used = states - idle

    def arguments(draw: Draw, size: int) -> tuple:
        # Averages that can be: of squares above 0, and the square of the last state below the first.
        state = [draw.uniform(size, low=0.1 / (i + 1), high=1 / (i + 1) ** 2) for i in range(states)]
        return (draw.normal(size), draw.normal(size), *state)

    def samples(draw: Draw):
        all_sizes = (*EDGES, 1000) if large else (0, 1, 33, 257)
        for number, option in enumerate(options):
            for size in all_sizes if number == 0 else (33,):
                yield Sample(arguments(draw, size), option, note=f"{size} elements, {option}")
        if large:
            shifted = [draw.arrange(x, "offset") for x in arguments(draw, 33)]
            yield Sample(tuple(shifted), options[0], note="arrays that begin between multiples of 16 bytes")
        extremes = draw.extremes()
        parameter, _, *state = arguments(draw, extremes.size)
        yield Sample((parameter, extremes, *state), options[0], note="extreme gradients")

    def cost(parameter, *_, **__):
        # Read parameter, gradient and state; write parameter and state.
        return Cost(parameter.size * (2 + 6 * states_used), parameter.nbytes * (3 + 2 * states_used))

    small = {"235K": (235_146,)}
    return operation(
        formula=formula,
        samples=samples,
        cost=cost,
        example=lambda draw, size: Sample(arguments(draw, size), options[0]),
        workloads={"16M": (1 << 24,), **small} if large else {"1M": (1 << 20,), **small},
        outputs=(),
        in_place=in_place,
        kernel=kernel,
        atol=1e-5,
        why="divisions by roots of averages near 0 magnify a rounding",
    )


def arrays(function: str, parameter: Any, grad: Any, **states: Any) -> None:
    """All must be arrays of the parameter's dtype and shape, and all but the gradient are changed."""
    if capture.silent():
        return
    check.real(function, "parameter", parameter)
    check.changeable(function, "parameter", parameter)
    check.like(function, "grad", grad, "parameter", parameter)
    for name, state in states.items():
        if state is not None:
            check.like(function, name, state, "parameter", parameter)
            check.changeable(function, name, state)


def flat(parameter: Any, grad: Any, *states: Any) -> tuple:
    """Everything with one axis; a state that there isn't is an empty array."""
    none = current().nothing(parameter.dtype)
    if capture.silent():
        return tuple(none if x is None else x for x in (parameter, grad, *states))
    grad = check.contiguous(grad)
    return tuple(none if x is None else x.reshape(-1) for x in (parameter, grad, *states))


def sign(maximize: bool) -> float:
    """What the gradient is multiplied by."""
    return -1.0 if maximize else 1.0


def numbers_of(function: str, **numbers: float) -> list[float]:
    """Each must be a finite number, at least 0."""
    return [check.number(function, name, value, low=0) for name, value in numbers.items()]


def decay_of(lr: float, decay: float, decoupled: bool) -> tuple[float, float]:
    """What of the parameter is added to the gradient, and, if decoupled, what is kept of it before the step."""
    return (0.0, 1 - lr * decay) if decoupled else (decay, 1.0)


def betas_of(function: str, betas: tuple[float, float]) -> list[float]:
    """Two rates from 0 to below 1."""
    return [check.number(function, "betas", beta, 0, math.nextafter(1, 0)) for beta in betas]
