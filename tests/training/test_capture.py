"""A captured step on the stand-in for a GPU: what it gives is what the function itself gives, bit for bit."""

import numpy as np
import pytest

from kernelwright import kernels, layers, training

from ..standin.fixture import standin as standin

pytestmark = pytest.mark.cuda
OPTIMIZERS = {
    "Adam": {"weight_decay": 0.01, "amsgrad": True},
    "AdamW": {},
    "SGD": {"momentum": 0.9},
    "RAdam": {},  # whose first steps are others than those after the fifth
    "NAdam": {},
    "ASGD": {},
}


def train(backend, kind, captured, steps=7, sizes=(6, 6, 6, 5, 6, 5, 5)):
    """The losses and the weights of a small network with dropout, a schedule, and batches of two sizes."""
    rng = np.random.default_rng(0)
    layers.manual_seed(3)
    net = layers.Sequential(
        layers.Linear(5, 8), layers.BatchNorm1d(8), layers.ReLU(), layers.Dropout(0.4), layers.Linear(8, 3)
    )
    optimizer = getattr(training, kind)(net.parameters(), lr=0.05, **OPTIMIZERS.get(kind, {}))
    schedule = training.ExponentialLR(optimizer, 0.8)
    criterion = layers.CrossEntropyLoss()

    def step(x, labels):
        optimizer.zero_grad()
        scores, backward = net.forward(x)
        loss, loss_backward = criterion.forward(scores, labels)
        backward(loss_backward(), input_gradient=False)
        optimizer.step()
        return loss, {"scores": scores}

    step = training.capture(step) if captured else step
    found = []
    for _, size in zip(range(steps), sizes):
        x, labels = rng.standard_normal((size, 5)).astype(np.float32), rng.integers(0, 3, size)
        loss, more = step(backend.from_numpy(x), backend.from_numpy(labels))
        schedule.step()
        found += [loss, more["scores"]]
    place = layers.get_rng_state()["place"]
    weights = [parameter.numpy() for parameter in net.parameters()]
    return [backend.to_numpy(one) for one in found] + weights, optimizer.param_groups[0].steps, place


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_the_same_bits_as_the_function(kind, standin):
    eager, captured = (train(standin, kind, captured) for captured in (False, True))
    assert captured[1:] == eager[1:]
    for ours, wanted in zip(captured[0], eager[0], strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_dropout_within_attention_draws_anew_at_each_replay(standin):
    """Forward and on the way back with the same mask: as the function does, bit for bit."""

    def attend(captured):
        layers.manual_seed(5)
        layer = layers.MultiheadAttention(4, 2, dropout=0.5, batch_first=True)
        optimizer = training.SGD(layer.parameters(), lr=0)

        def step(x):
            optimizer.zero_grad()
            (y, _), backward = layer.forward(x, x, x, need_weights=False, is_causal=True)
            return y, backward(y)[0], layer.in_proj_weight.grad

        step = training.capture(step) if captured else step
        x = standin.from_numpy(np.random.default_rng(0).standard_normal((2, 5, 4)).astype(np.float32))
        found = [[standin.to_numpy(one).copy() for one in step(x)] for _ in range(4)]
        return found, layers.get_rng_state()["place"]

    (eager, place), (captured, same_place) = attend(False), attend(True)
    np.testing.assert_equal(captured, eager)
    assert same_place == place
    assert len({y.tobytes() for y, *_ in captured}) == 4


def test_after_two_calls_the_function_is_called_no_more(standin):
    calls = []

    @training.capture
    def step(x):
        calls.append(x.shape)
        return kernels.relu(x)

    for number in range(4):
        x = standin.from_numpy(np.full(3, number - 1, np.float32))
        np.testing.assert_array_equal(standin.to_numpy(step(x)), [max(number - 1, 0)] * 3)
    step(standin.from_numpy(np.ones(2, np.float32)))
    assert calls == [(3,), (3,), (2,)]


def test_on_the_cpu_it_is_the_function():
    calls = []

    @training.capture
    def step(x):
        calls.append(1)
        return kernels.relu(x)

    for _ in range(3):
        step(np.ones(3, np.float32))
    assert len(calls) == 3


def a_parameter(kind="SGD", **options):
    layer = layers.Linear(2, 2)
    return layer, getattr(training, kind)(layer.parameters(), **options)


REFUSED = {
    "bringing numbers to the CPU": lambda here, layer, optimizer: here.to_numpy(layer.weight.data),
    "cudaErrorStreamCaptureUnsupported": lambda here, layer, optimizer: float(layer.weight.data.sum()),
    "give it as an argument": lambda here, layer, optimizer: here.from_numpy(np.random.default_rng().random(3)),
    "step the schedule outside": lambda here, layer, optimizer: training.StepLR(optimizer, 1).step(),
    "only masks of dropout": lambda here, layer, optimizer: layers.initial.normal_noise((3,), float),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_recorded_is_refused_and_not_counted(reason, standin):
    layer, optimizer = a_parameter(lr=0.1)

    @training.capture
    def step():
        optimizer.step()
        REFUSED[reason](standin, layer, optimizer)

    step()
    with pytest.raises(RuntimeError, match=f"^capture: the step can't be recorded: .*{reason}"):
        step()
    assert optimizer.param_groups[0].steps == 1
    assert not standin.device.cupy.cuda.get_current_stream().is_capturing()


def test_an_optimizer_that_computes_between_its_kernels_is_refused(standin):
    _, optimizer = a_parameter("Lamb")
    step = training.capture(lambda: optimizer.step())
    step()
    with pytest.raises(RuntimeError, match="a step of Lamb can't be part of a captured step"):
        step()


@pytest.mark.parametrize(("norm_type", "max_norm"), [(2.0, 0.5), (1.0, 0.5), (np.inf, 0.1), (2.0, 1e3)])
def test_gradients_are_clipped_on_the_device(norm_type, max_norm, standin):
    def clipped(captured):
        layers.manual_seed(0)
        layer, optimizer = a_parameter(lr=0.1)

        def step(grad):
            optimizer.zero_grad()
            layer.weight.grad = grad
            norm = training.clip_grad_norm_(layer.parameters(), max_norm, norm_type)
            optimizer.step()
            return norm

        step = training.capture(step) if captured else step
        rng = np.random.default_rng(1)
        grads = rng.standard_normal((4, 2, 2)).astype(np.float32)
        norms = [float(step(standin.from_numpy(grad))) for grad in grads]
        return norms, layer.weight.numpy()

    (ours, weight), (wanted, exact) = clipped(True), clipped(False)
    np.testing.assert_allclose(ours, wanted, rtol=1e-15)
    np.testing.assert_array_equal(weight, exact)


def test_an_optimizer_whose_state_has_moved_is_refused(standin):
    _, optimizer = a_parameter("Adam", lr=0.1)
    step = training.capture(lambda: optimizer.step())
    for _ in range(3):
        step()
    optimizer.load_state_dict(optimizer.state_dict())
    with pytest.raises(RuntimeError, match="its arrays lie elsewhere: capture the step anew"):
        step()


def test_a_trainer_replays_its_steps_and_goes_on_after_a_checkpoint(standin, tmp_path):
    def fit(capture, directory, stops):
        layers.manual_seed(1)
        rng = np.random.default_rng(1)
        part = training.Part(rng.standard_normal((20, 4)).astype(np.float32), rng.integers(0, 3, 20))
        net = layers.Sequential(layers.Linear(4, 6), layers.Dropout(0.3), layers.Linear(6, 3))
        trainer = training.Trainer(
            net,
            layers.CrossEntropyLoss(),
            training.AdamW(net.parameters(), lr=0.05),
            clip_norm=0.5,
            capture=capture,
        )
        trainer.schedule = training.ExponentialLR(trainer.optimizer, 0.9)
        for epochs in stops:
            trainer.fit(training.DataLoader(part, 8, shuffle=True), epochs=epochs, directory=directory, report=False)
            trainer.load(directory / "last.safetensors")
        return [row["loss"] for row in trainer.history], [parameter.numpy() for parameter in net.parameters()]

    (ours, weights), (wanted, exact) = fit(True, tmp_path / "a", (2, 4)), fit(False, tmp_path / "b", (4,))
    assert ours == wanted
    for one, other in zip(weights, exact, strict=True):
        np.testing.assert_array_equal(one, other)


def test_constants_from_the_cpu_are_kept(standin):
    @training.capture
    def step(x):
        return x * standin.from_numpy(np.arange(3, dtype=np.float32))

    for _ in range(3):
        assert standin.to_numpy(step(standin.from_numpy(np.ones(3, np.float32)))).tolist() == [0, 1, 2]


def test_arguments_of_any_kind(standin):
    """More than a launch copies; of sizes that are no multiples of 16 bytes, strided, of no element and of one."""
    step = training.capture(lambda *given: [*given])

    def drawn(seed):
        rng = np.random.default_rng(seed)
        numbers = [rng.standard_normal(shape).astype(np.float32) for shape in ((5, 7), (64, 300), (0, 3), ())]
        integers = [rng.integers(0, 100, 11).astype(dtype) for dtype in (np.int64, np.int32)]
        given = [standin.from_numpy(x) for x in numbers + integers]
        return [*given, given[0].T, given[4][1::3], given[4][1:]]

    for seed in range(4):
        given = drawn(seed)
        for found, wanted in zip(step(*given), given, strict=True):
            np.testing.assert_array_equal(standin.to_numpy(found), standin.to_numpy(wanted))


def test_the_numbers_of_many_updates(standin):
    """More than a launch stores."""
    parameters = [layers.Parameter(np.ones(3, np.float32), f"p{i}") for i in range(40)]
    groups = [{"params": [parameter], "lr": 0.1 * i} for i, parameter in enumerate(parameters)]
    optimizer = training.SGD(groups, lr=1.0)

    def step(x):
        optimizer.zero_grad()
        for parameter in parameters:
            parameter.add_grad(x)
        optimizer.step()
        return x

    step, x = training.capture(step), standin.from_numpy(np.ones(3, np.float32))
    for _ in range(3):
        step(x)
    for i, parameter in enumerate(parameters):
        np.testing.assert_allclose(parameter.numpy(), 1 - 3 * 0.1 * i, rtol=1e-5, atol=1e-6)
