"""A step of two networks against each other, the recipe `gan`'s: ours and PyTorch's, from the same parameters on.

The averaging of weights, which follows a step, isn't counted. As in the recipe, the generator's loss gives the
discriminator gradients, too, which nobody uses: that is how such networks are trained in PyTorch.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..kernels.operation import Draw
from ..training.recipes import gan
from .rivals import OURS, TORCH, Calls, Work

SIDE, CLASSES, LR = 14, 10, 5e-4


def contest_step(batch: int) -> Work:
    """The discriminator learns, then the generator; both losses."""

    def calls(torch: Any, threads: int) -> Calls:
        draw = Draw(0, np.float32)
        labels = np.asarray(draw.rng.integers(0, CLASSES, batch))
        kinds, noise = np.eye(CLASSES, dtype=np.float32)[labels], draw.normal(batch, gan.NOISE)
        given = draw.uniform(batch, 1, SIDE, SIDE, low=-1, high=1), labels, kinds, noise
        net = gan.Gan(CLASSES, SIDE)
        found: Calls = {OURS: ours(gan.contest(net, LR), given)}
        if torch:
            theirs = in_torch(torch)
            theirs.load_state_dict({key: torch.from_numpy(value) for key, value in net.state_dict().items()})
            found[TORCH] = torch_step(torch, theirs, *map(torch.from_numpy, given))
        return found

    return Work("GAN step with Adam", f"{batch} images", calls, autograd=True)


def contests(quick: bool) -> Iterator[Work]:
    if not quick:
        yield contest_step(64)


def ours(trainer: gan.Contest, given: tuple) -> Callable[[], Any]:
    def step() -> Any:
        loss, others = trainer.learn(given)
        return loss, others["generator"]

    return step


def in_torch(torch: Any) -> Any:
    """The recipe's networks, their parts by the names that they have there."""
    nn, (wide, narrow), half = torch.nn, (64, 32), SIDE // 2
    generator = {
        "noise": nn.Linear(gan.NOISE, wide * half**2),
        "kind": nn.Sequential(
            nn.Linear(CLASSES, gan.EMBEDDING, bias=False), nn.Linear(gan.EMBEDDING, wide * half**2, bias=False)
        ),
        "image": nn.Sequential(
            nn.Unflatten(1, (wide, half, half)),
            nn.BatchNorm2d(wide),
            nn.ReLU(),
            nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(narrow),
            nn.ReLU(),
            nn.Conv2d(narrow, 1, 3, padding=1),
            nn.Tanh(),
        ),
    }
    discriminator = {
        "features": nn.Sequential(
            nn.Conv2d(1, narrow, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(narrow, wide, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(wide * half**2, gan.FEATURES),
            nn.LeakyReLU(0.2),
        ),
        "real": nn.Linear(gan.FEATURES, 1),
        "fit": nn.Linear(gan.FEATURES, CLASSES, bias=False),
        "kind": nn.Linear(gan.FEATURES, CLASSES),
    }
    parts = {"generator": generator, "discriminator": discriminator}
    return nn.ModuleDict({name: nn.ModuleDict(part) for name, part in parts.items()})


def torch_step(torch: Any, net: Any, real: Any, labels: Any, kinds: Any, noise: Any) -> Callable[[], Any]:
    generator, discriminator = net["generator"], net["discriminator"]
    by_generator, by_discriminator = (
        torch.optim.Adam(part.parameters(), lr=LR, betas=(0.5, 0.999), fused=True)
        for part in (generator, discriminator)
    )
    functional, own = torch.nn.functional, kinds * CLASSES

    def judged(images: Any) -> tuple[Any, Any]:
        h = discriminator["features"](images)
        return discriminator["real"](h) + discriminator["fit"](h), discriminator["kind"](h)

    def reality(scores: Any, wanted: Any) -> Any:
        return functional.binary_cross_entropy_with_logits(scores, wanted, own)

    def step() -> Any:
        made = generator["image"](generator["noise"](noise) + generator["kind"](kinds))
        by_discriminator.zero_grad()
        scores, answers = judged(real)
        loss = reality(scores, kinds) + functional.cross_entropy(answers, labels)
        loss = loss + reality(judged(made.detach())[0], 1 - kinds)
        loss.backward()
        by_discriminator.step()

        by_generator.zero_grad()
        scores, answers = judged(made)
        other = reality(scores, kinds) + gan.CLASS_WEIGHT * functional.cross_entropy(answers, labels)
        other.backward()
        by_generator.step()
        return loss, other

    return step


WORK = {"training": contests}
