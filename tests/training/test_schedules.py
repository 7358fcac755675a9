"""The one-cycle schedule at the points where it turns."""

import pytest

from kernelwright import layers, training


def make(kind=training.SGD, **options):
    return kind(layers.Linear(2, 2).parameters(), **options)


def walk(optimizer, schedule, steps):
    seen = [(optimizer.lr, optimizer.betas[0] if hasattr(optimizer, "betas") else optimizer.momentum)]
    for _ in range(steps - 1):
        optimizer.step()
        schedule.step()
        seen.append((optimizer.lr, optimizer.betas[0] if hasattr(optimizer, "betas") else optimizer.momentum))
    return seen


@pytest.mark.parametrize("kind", [training.SGD, training.AdamW])
def test_turning_points(kind):
    optimizer = make(kind)
    schedule = training.OneCycleLR(optimizer, 0.5, total_steps=10)
    seen = walk(optimizer, schedule, 10)
    assert seen[0] == pytest.approx((0.02, 0.95))
    assert seen[2] == pytest.approx((0.5, 0.85))  # the last step of the first three tenths
    assert seen[9] == pytest.approx((2e-6, 0.95))
    assert schedule.get_last_lr() == [optimizer.lr]


def test_halfway_up_is_half_of_a_cosine_or_of_a_line():
    for strategy in ("cos", "linear"):
        optimizer = make()
        options = {"pct_start": 0.5, "anneal_strategy": strategy, "cycle_momentum": False}
        schedule = training.OneCycleLR(optimizer, 1.0, epochs=5, steps_per_epoch=2, **options)
        seen = walk(optimizer, schedule, 10)
        assert seen[2] == pytest.approx((0.52, 0.0))
        quarter = 0.04 + 0.96 * {"cos": 0.14644660940672624, "linear": 0.25}[strategy]
        assert seen[1][0] == pytest.approx(quarter)


def test_resumes():
    one, other = make(), make()
    first, second = training.OneCycleLR(one, 0.5, 10), training.OneCycleLR(other, 0.5, 10)
    for _ in range(4):
        first.step()
    second.load_state_dict(first.state_dict())
    assert (one.lr, one.momentum) == (other.lr, other.momentum)


def test_beyond_the_end():
    schedule = training.OneCycleLR(make(), 0.5, 3)
    for _ in range(3):
        schedule.step()
    with pytest.raises(ValueError, match="the cycle has 3 steps, and all were taken"):
        schedule.step()


def test_wrong_arguments():
    with pytest.raises(ValueError, match="total_steps is needed, or epochs and steps_per_epoch"):
        training.OneCycleLR(make(), 0.5, epochs=3)
    with pytest.raises(ValueError, match="total_steps is 0, it must be at least 1"):
        training.OneCycleLR(make(), 0.5, 0)
    with pytest.raises(ValueError, match="pct_start is 2"):
        training.OneCycleLR(make(), 0.5, 10, pct_start=2)
    with pytest.raises(ValueError, match="anneal_strategy is 'step'"):
        training.OneCycleLR(make(), 0.5, 10, anneal_strategy="step")
