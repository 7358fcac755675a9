"""Small plots for the page of all operations: functions of one number, the ways of optimizers, the rates of schedules.

Each is lines in a field from −REACH to REACH across and half that up and down, written as SVG by hand: a kilobyte each.
"""

import inspect
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import kernels, layers, training
from ..kernels.operation import CATALOG, Draw, Operation, Sample

REACH = 4.0
WIDTH, HEIGHT = 120, 60  # pixels
STEPS = 60
Line = tuple[np.ndarray, np.ndarray]

# What each optimizer and schedule is drawn with.
OPTIMIZERS: dict[str, dict[str, Any]] = {
    "ASGD": {"lr": 0.15},
    "SGD": {"lr": 0.03, "momentum": 0.8},
    "Adadelta": {"lr": 60.0},
    "Adafactor": {"lr": 0.3},
    "Adagrad": {"lr": 0.6},
    "Adam": {"lr": 0.25},
    "AdamW": {"lr": 0.25},
    "AdamWScheduleFree": {"lr": 0.4},
    "Adamax": {"lr": 0.25},
    "Ftrl": {"learning_rate": 0.6},
    "Lamb": {"learning_rate": 0.1},
    "Lion": {"learning_rate": 0.1},
    "NAdam": {"lr": 0.25},
    "RAdam": {"lr": 0.08},
    "RMSprop": {"lr": 0.1},
    "Rprop": {"lr": 0.05},
    "SparseAdam": {"lr": 0.25},
}
SCHEDULES: dict[str, dict[str, Any]] = {
    "ConstantLR": {"factor": 0.4, "total_iters": 20},
    "CosineAnnealingLR": {"T_max": 30},
    "CosineAnnealingWarmRestarts": {"T_0": 10, "T_mult": 2},
    "CyclicLR": {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 10, "cycle_momentum": False},
    "ExponentialLR": {"gamma": 0.95},
    "LambdaLR": {"lr_lambda": lambda t: 1 / (1 + 0.1 * t)},
    "LinearLR": {"start_factor": 0.1, "total_iters": 30},
    "MultiStepLR": {"milestones": (15, 40), "gamma": 0.4},
    "MultiplicativeLR": {"lr_lambda": lambda t: 0.97},
    "OneCycleLR": {"max_lr": 1.0, "total_steps": STEPS, "cycle_momentum": False},
    "PolynomialLR": {"total_iters": STEPS, "power": 2.0},
    "StepLR": {"step_size": 12, "gamma": 0.6},
}


def all_plots() -> dict[str, str]:
    """Every plot by its name."""
    found = {**dict(curves()), **dict(ways()), **dict(rates())}
    return {name: svg(lines) for name, lines in found.items()}


def curves() -> Iterator[tuple[str, list[Line]]]:
    """Each operation that is a function of one number: its value and its derivative."""
    x = np.linspace(-REACH, REACH, 81)
    with kernels.using("reference"), np.errstate(all="ignore"):
        for operation in CATALOG.values():
            found = of_loss(operation, x) if operation.with_gradient else of_one_number(operation, x)
            if found:
                yield operation.name, [(x, y) for y in found]


def options_of_one_number(operation: Operation) -> dict[str, Any] | None:
    """The options to call it with, if it works on one array element by element, and has a gradient; else None."""
    sample = next(iter(operation.samples(Draw(0, np.float64))))
    if len(sample.args) != 1 or operation.backward is None:
        return None
    x = np.array([0.3, -0.7])
    try:
        with kernels.using("reference"):
            y, alone = (np.asarray(operation.function(part, **sample.options)) for part in (x, x[:1]))
    except ValueError:  # it needs more axes
        return None
    return sample.options if y.shape == x.shape and np.array_equal(alone, y[:1]) else None


def of_one_number(operation: Operation, x: np.ndarray) -> list[np.ndarray] | None:
    """[f(x), f′(x)]."""
    options = options_of_one_number(operation)
    if operation.backward is None or options is None:
        return None
    y = operation.function(x, **options)
    arguments = operation.backward_arguments(Sample((x,), options), (y,), np.ones_like(x))
    return [y, operation.backward(**arguments)]


def of_loss(operation: Operation, x: np.ndarray) -> list[np.ndarray] | None:
    """[the loss of an input x for the target 1, its derivative], of losses that take the elements one by one."""
    parameters = inspect.signature(operation.function).parameters
    if "reduction" not in parameters:
        return None
    options = {"reduction": "none", **({"from_logits": True} if "from_logits" in parameters else {})}
    try:
        loss, gradient, *_ = operation.gradient(x, np.ones_like(x), **options)
        alone, *_ = operation.gradient(x[:1], np.ones(1), **options)
    except (TypeError, ValueError):  # other arguments, or other inputs: probabilities, labels
        return None
    if loss.shape != x.shape or not np.array_equal(alone, loss[:1]):
        return None
    return [loss, gradient]


def ways() -> Iterator[tuple[str, list[Line]]]:
    """Each optimizer's way down a valley ten times as steep on its sides as along it, from the left to 0."""
    with kernels.using("reference"):
        for name, options in OPTIMIZERS.items():
            parameter = layers.Parameter(np.array([[-3.5, 1.5]]))  # a row, for those that tell rows apart
            optimizer = getattr(training, name)([parameter], **options)
            way = [parameter.numpy()[0]]
            for _ in range(STEPS):
                parameter.grad = parameter.data * np.array([1.0, 10.0])
                optimizer.step()
                way.append(parameter.numpy()[0])
            yield name, [tuple(np.array(way).T)]


def rates() -> Iterator[tuple[str, list[Line]]]:
    """Each schedule's rate, from 0 below to 1 above, step by step."""
    for name, options in SCHEDULES.items():
        optimizer = training.SGD([layers.Parameter(np.zeros(1))], lr=1.0)
        schedule = getattr(training, name)(optimizer, **options)
        rate = [optimizer.lr]
        for _ in range(STEPS - 1):
            schedule.step()
            rate.append(optimizer.lr)
        across = np.linspace(-REACH, REACH, STEPS)
        yield name, [(across, (np.array(rate) - 0.5) * 0.9 * REACH)]


def svg(lines: list[Line]) -> str:
    """The lines, the first one solid, the others dashed; axes through 0; what is far beyond the field is left out."""

    def place(a: float, b: float) -> str:
        return f"{(a + REACH) / (2 * REACH) * WIDTH:.1f},{(REACH / 2 - b) / REACH * HEIGHT:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">',
        f'<path d="M0,{HEIGHT / 2:g}H{WIDTH}M{WIDTH / 2:g},0V{HEIGHT}" stroke="#999" stroke-width="0.5"/>',
    ]
    for (x, y), style in zip(lines, ("", ' stroke-dasharray="3,2" opacity="0.7"')):
        inside = np.isfinite(y) & (np.abs(y) <= REACH)
        pieces = [list(group) for kept, group in itertools.groupby(range(len(x)), inside.__getitem__) if kept]
        path = "".join("M" + "L".join(place(x[k], y[k]) for k in piece) for piece in pieces)
        parts.append(f'<path d="{path}" fill="none" stroke="#06c" stroke-width="1.5"{style}/>')
    return "\n".join([*parts, "</svg>\n"])
