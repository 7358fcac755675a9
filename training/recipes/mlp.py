"""A multilayer perceptron that reads handwritten digits, or tells clothes apart.

    image ──► Linear ──► ReLU ──► Linear ──► ReLU ──► Linear ──► a score for each class

Every pixel of the image is one input; the network knows nothing of their neighbourhood. It is trained by AdamW, with
a learning rate that rises and falls once, on labels that are smoothed: the right class counts 0.91, each other one
0.01, so that the network doesn't grow ever surer of what it knows already. That keeps the loss above 0.50, even of
perfect answers.

With the defaults, on seeds 0, 1 and 2:

    digits           99.7, 99.7 and 100 % of the test images right (98.8 % in a fourfold cross-validation)
    fashion-mnist    89.6, 89.6 and 89.7 %
"""

import argparse
from typing import Any

from ... import layers, training
from ..arguments import add_options, choose_backend, chosen_settings, leave, output_directory
from ..augment import Flatten, GaussianNoise, RandomCrop
from ..picture import training_picture

# Chosen on a quarter (digits) and a sixth (Fashion-MNIST) of the training images, held back.
SETTINGS = {
    "digits": {"epochs": 60, "batch_size": 32, "lr": 3e-3, "weight_decay": 0.05},
    "fashion-mnist": {"epochs": 10, "batch_size": 64, "lr": 2e-3, "weight_decay": 0.05},
}


def network(inputs: int, classes: int) -> layers.Sequential:
    return layers.Sequential(
        layers.Linear(inputs, 256),
        layers.ReLU(),
        layers.Linear(256, 128),
        layers.ReLU(),
        layers.Linear(128, classes),
    )


# 1,437 digits are few: shift and blur them a little, so that none is seen twice.
AUGMENT = {"digits": (RandomCrop(8, padding=1, p=0.5), GaussianNoise(sigma=0.05)), "fashion-mnist": ()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_options(parser, "mlp", tuple(SETTINGS))


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train, test, and write model.safetensors, metrics.json, training.png; and last.safetensors, to go on from."""
    settings = chosen_settings(arguments, SETTINGS)
    backend = choose_backend(arguments.backend)
    out = output_directory(arguments.out, f"mlp-{arguments.data}")
    data = training.load(arguments.data)
    train = training.DataLoader(
        (data.train.images.reshape(-1, *data.shape), data.train.labels),
        settings["batch_size"],
        shuffle=True,
        seed=arguments.seed,
        transforms=(*AUGMENT[arguments.data], Flatten()),
    )

    layers.manual_seed(arguments.seed)
    net = network(data.train.images.shape[1], len(data.classes))
    optimizer = training.AdamW(net.parameters(), lr=settings["lr"], weight_decay=settings["weight_decay"])
    trainer = training.Trainer(
        net,
        layers.CrossEntropyLoss(label_smoothing=0.1),
        optimizer,
        metrics={"accuracy": training.accuracy},
        schedule=training.OneCycleLR(optimizer, settings["lr"], epochs=settings["epochs"], steps_per_epoch=len(train)),
    )

    size = sum(parameter.size for parameter in net.parameters())
    print(f"mlp on {arguments.data}, backend {backend.name}: {size:,} parameters, {net}")
    history = trainer.fit(train, data.test, epochs=settings["epochs"], directory=out, resume=arguments.resume)
    result = {
        "recipe": "mlp",
        "data": arguments.data,
        "backend": backend.name,
        "seed": arguments.seed,
        **settings,
        "test_accuracy": history[-1]["val_accuracy"],
        "test_loss": history[-1]["val_loss"],
        "seconds": sum(row["seconds"] for row in history),
    }
    title = f"mlp on {arguments.data}: {result['test_accuracy']:.2%} of the test images right"
    training_picture(out / "training.png", title, history, data, training.predict(net, data.test.images))
    print(f"test accuracy {result['test_accuracy']:.2%} after {result['seconds']:.1f} s of training")
    return leave(out, net, result, history)


def main(arguments: list[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description="Train a multilayer perceptron on images.")
    add_arguments(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    main()
