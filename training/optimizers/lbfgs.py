"""L-BFGS: steps by a model of the curvature, made of the last steps and what they changed in the gradient."""

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from ... import kernels
from .base import Optimizer


class Point(NamedTuple):
    """On the line that is searched: how far along, the loss there, its gradient, and its slope along the line."""

    t: float
    loss: float
    grad: Any
    slope: float


def dot(a: Any, b: Any) -> float:
    return float(kernels.matmul(a, b))


def largest(x: Any) -> float:
    return float(kernels.vector_norm(x, math.inf)) if x.size else 0.0


class LBFGS(Optimizer):
    """p ← p + t d, d = −H g, H being the inverse of the curvature as the last `history_size` steps tell it.

    `step(closure)` takes up to `max_iter` such steps. `closure()` sets the gradients to zero, computes the loss and the
    gradients, and returns the loss. t is `lr`, or found by line_search_fn="strong_wolfe" so that loss and slope have
    fallen enough. It ends early where no gradient is above `tolerance_grad`, or step and loss change by less than
    `tolerance_change`, or after `max_eval` evaluations (None: 5/4 of max_iter). One group of parameters only.
    Source: Nocedal and Wright, Numerical optimization, 2006, algorithms 7.4, 7.5, 3.5, 3.6.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ):
        super().__init__(
            params,
            lr=lr,
            max_iter=max_iter,
            max_eval=max_iter * 5 // 4 if max_eval is None else max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
            line_search_fn=line_search_fn,
        )
        if len(self.param_groups) != 1:
            raise ValueError(f"LBFGS: there are {len(self.param_groups)} groups of parameters, it must be one")

    def check(self, *, line_search_fn, history_size, **_):
        if line_search_fn not in (None, "strong_wolfe"):
            raise ValueError(f"LBFGS: line_search_fn is {line_search_fn!r}, it must be 'strong_wolfe' or None")
        if history_size < 1:
            raise ValueError(f"LBFGS: history_size is {history_size}, it must be at least 1")

    def step(self, closure: Callable[[], Any]) -> float:  # type: ignore[override]
        """Take up to `max_iter` steps; returns the loss before them."""
        (group,) = self.param_groups
        state, flat = group.state, group.flat
        flat.check()

        def evaluate() -> tuple[float, Any]:
            return float(closure()), flat.grad.copy()

        loss, grad = first, _ = evaluate()
        evaluations = 1
        if largest(grad) <= group["tolerance_grad"]:
            return first
        for iteration in range(1, group["max_iter"] + 1):
            group.steps += 1
            direction = state["direction"] = self._direction(group, grad)
            state["previous_grad"], before = grad, loss
            t = group["lr"] * (min(1.0, 1 / float(kernels.vector_norm(grad, 1))) if group.steps == 1 else 1.0)
            slope = dot(grad, direction)
            state["t"] = float(t)
            if slope > -group["tolerance_change"]:
                break
            if group["line_search_fn"]:
                start = flat.data.copy()

                def at(t: float, start=start, direction=direction) -> Point:
                    flat.data[...] = start + t * direction
                    loss, grad = evaluate()
                    return Point(t, loss, grad, dot(grad, direction))

                found, tried = strong_wolfe(at, Point(0.0, loss, grad, slope), t, largest(direction))
                t, loss, grad, _ = found
                state["t"] = float(t)
                flat.data[...] = start + t * direction
                evaluations += tried
            else:
                flat.data[...] += t * direction
                if iteration < group["max_iter"]:
                    loss, grad = evaluate()
                    evaluations += 1
            if evaluations >= group["max_eval"] or largest(grad) <= group["tolerance_grad"]:
                break
            if t * largest(direction) <= group["tolerance_change"] or abs(loss - before) < group["tolerance_change"]:
                break
        return first

    def _direction(self, group, grad) -> Any:
        """−H g. The state holds pairs y, s (changes of gradient and parameters) in a ring, `count` of them so far."""
        state, size = group.state, group["history_size"]
        if group.steps == 1:
            state["count"], state["scale"] = 0.0, 1.0
            return -grad
        y, s = grad - state["previous_grad"], state["t"] * state["direction"]
        curvature = dot(y, s)
        if curvature > 1e-10:
            place = int(state["count"]) % size
            state[f"y{place}"], state[f"s{place}"], state[f"rho{place}"] = y, s, 1 / curvature
            state["count"] += 1
            state["scale"] = curvature / dot(y, y)
        count = int(state["count"])
        places = [i % size for i in range(max(0, count - size), count)]
        pairs = [(state[f"y{i}"], state[f"s{i}"], state[f"rho{i}"]) for i in places]
        d, shares = -grad, []
        for y, s, rho in reversed(pairs):
            shares.append(rho * dot(s, d))
            d -= shares[-1] * y
        d *= state["scale"]
        for (y, s, rho), share in zip(pairs, reversed(shares)):
            d += (share - rho * dot(y, d)) * s
        return d


def strong_wolfe(
    at: Callable[[float], Point], start: Point, t: float, length: float, most: int = 25
) -> tuple[Point, int]:
    """A point where loss ≤ loss₀ + 10⁻⁴ t slope₀ and |slope| ≤ 0.9 |slope₀|, and how many were tried.

    First steps get longer until two points have such a one between them; then the pair is narrowed.
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + 1e-4 * point.t * start.slope

    def flat_enough(point: Point) -> bool:
        return abs(point.slope) <= -0.9 * start.slope

    last, now, tried = start, at(t), 1
    while True:
        rounds = tried - 1
        if rounds == most:
            pair = [start, now]
            break
        if too_high(now) or (rounds > 1 and now.loss >= last.loss):
            pair = [last, now]
            break
        if flat_enough(now):
            return now, tried
        if now.slope >= 0:
            pair = [last, now]
            break
        further = cubic_minimum(last, now, now.t + 0.01 * (now.t - last.t), 10 * now.t)
        last, now = now, at(further)
        tried += 1
    low, high = sorted(pair, key=lambda point: point.loss)
    stuck = False
    while tried - 1 < most:
        left, right = min(low.t, high.t), max(low.t, high.t)
        if (right - left) * length < 1e-9:
            break
        t, margin = cubic_minimum(low, high, left, right), 0.1 * (right - left)
        if min(right - t, t - left) < margin:  # too near to an end: the second time, or on it, move away
            if stuck or t >= right or t <= left:
                t = right - margin if abs(t - right) < abs(t - left) else left + margin
                stuck = False
            else:
                stuck = True
        else:
            stuck = False
        now = at(t)
        tried += 1
        if too_high(now) or now.loss >= low.loss:
            low, high = sorted((low, now), key=lambda point: point.loss)
        else:
            if flat_enough(now):
                return now, tried
            if now.slope * (high.t - low.t) >= 0:
                high = low
            low = now
    return low, tried


def cubic_minimum(a: Point, b: Point, left: float, right: float) -> float:
    """Where the cubic through both points, with their slopes, is least between left and right; else the middle."""
    slope = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = slope * slope - a.slope * b.slope
    if not square >= 0:
        return (left + right) / 2
    if a.t > b.t:
        a, b = b, a
    root = math.sqrt(square)
    t = b.t - (b.t - a.t) * ((b.slope + root - slope) / (b.slope - a.slope + 2 * root))
    return min(max(t, left), right)
