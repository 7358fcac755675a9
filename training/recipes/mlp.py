"""A multilayer perceptron that reads handwritten digits, or tells clothes apart.

    image ──► Linear ──► ReLU ──► Linear ──► ReLU ──► Linear ──► a score for each class

Every pixel of the image is one input; the network knows nothing of their neighbourhood. It is trained by AdamW, with
a learning rate that rises and falls once, on labels that are smoothed: the right class counts 0.91, each other one
0.01, so that the network doesn't grow ever surer of what it knows already. That keeps the loss above 0.50, even of
perfect answers.

With the defaults, on seeds 0, 1 and 2:

    digits           99.7, 99.7 and 100 % of the test images right (98.8 % in a fourfold cross-validation)
    fashion-mnist    89.7, 89.3 and 89.6 %
"""

import argparse
import json
import math
import time
from typing import Any

from ... import layers, training
from ..arguments import add_options, choose_backend, output_directory
from ..augment import noise, shift
from ..picture import training_picture

# Chosen on a quarter (digits) and a sixth (Fashion-MNIST) of the training images, held back.
SETTINGS = {
    "digits": {"epochs": 60, "batch_size": 32, "lr": 3e-3, "weight_decay": 0.05},
    "fashion-mnist": {"epochs": 10, "batch_size": 128, "lr": 2e-3, "weight_decay": 0.01},
}


def network(inputs: int, classes: int) -> layers.Sequential:
    return layers.Sequential(
        layers.Linear(inputs, 256),
        layers.ReLU(),
        layers.Linear(256, 128),
        layers.ReLU(),
        layers.Linear(128, classes),
    )


def augment_digits(images, rng):
    """1,437 digits are few: shift and blur them a little, so that none is seen twice."""
    small = images.reshape(-1, 8, 8)
    return noise(shift(small, rng), rng, 0.05).reshape(images.shape)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "mlp", tuple(SETTINGS))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train, test, and write model.safetensors, metrics.json and training.png."""
    settings = dict(SETTINGS[arguments.data])
    for name in ("epochs", "batch_size", "lr"):
        if getattr(arguments, name) is not None:
            settings[name] = getattr(arguments, name)
    backend = choose_backend(arguments.backend)
    out = output_directory(arguments.out, f"mlp-{arguments.data}")
    data = training.load(arguments.data)

    layers.manual_seed(arguments.seed)
    net = network(data.train.images.shape[1], len(data.classes))
    criterion = layers.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = training.AdamW(net.parameters(), lr=settings["lr"], weight_decay=settings["weight_decay"])
    steps = math.ceil(len(data.train.labels) / settings["batch_size"])
    schedule = training.OneCycleLR(optimizer, settings["lr"], epochs=settings["epochs"], steps_per_epoch=steps)

    size = sum(parameter.size for parameter in net.parameters())
    print(f"mlp on {arguments.data}, backend {backend.name}: {size:,} parameters, {net}")
    begin = time.perf_counter()
    history = training.fit(
        net,
        criterion,
        optimizer,
        data.train,
        data.test,
        epochs=settings["epochs"],
        batch_size=settings["batch_size"],
        seed=arguments.seed,
        schedule=schedule,
        augment=augment_digits if arguments.data == "digits" else None,
    )
    seconds = time.perf_counter() - begin

    result = {
        "recipe": "mlp",
        "data": arguments.data,
        "backend": backend.name,
        "seed": arguments.seed,
        **settings,
        "test_accuracy": history[-1].test_accuracy,
        "test_loss": history[-1].test_loss,
        "seconds": seconds,
    }
    title = f"mlp on {arguments.data}: {result['test_accuracy']:.2%} of the test images right"
    paths = {name: out / name for name in ("model.safetensors", "metrics.json", "training.png")}
    training.save_checkpoint(paths["model.safetensors"], net, recipe="mlp", data=arguments.data, epoch=len(history))
    rows = [row._asdict() for row in history]
    paths["metrics.json"].write_text(json.dumps({**result, "history": rows}, indent=2) + "\n")
    training_picture(paths["training.png"], title, history, data, training.predict(net, data.test.images))
    print(f"test accuracy {result['test_accuracy']:.2%} after {seconds:.1f} s of training")
    for path in paths.values():
        print(f"  {path}")
    return {**result, "history": rows, "paths": {name: str(path) for name, path in paths.items()}}


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description="Train a multilayer perceptron on images.")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    main()
