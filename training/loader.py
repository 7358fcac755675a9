"""Batches of a data set, epoch after epoch."""

import operator
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from .augment import Batch, Transform

ORDER, DRAWS = 1, 2  # streams of the seed; initial weights are drawn from the seed itself


def _stream(seed: int, *key: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))


class DataLoader:
    """Goes over the samples of `dataset` in batches: PyTorch's names and defaults.

        for images, labels in DataLoader(data.train, 128, shuffle=True, seed=0): …

    Parameters
    ----------
    dataset : Part, tuple of arrays or one array
        Arrays of the same length; a batch is a tuple of parts of them.
    shuffle : bool
        A new order in each epoch.
    drop_last : bool
        Leave the last batch out if it isn't full.
    seed : int
        What is drawn for a batch depends on the seed, the number of the epoch and that of the batch alone:
        the same in every run, and in one that begins in the middle of an epoch.
    transforms : functions (batch, generator) → batch, as in augment.py
    prefetch : int
        So many batches are made ahead, in a thread of their own. It ends with the loop, however that ends,
        and what goes wrong in it is raised where the batch was wanted.

    Each loop over the loader is one epoch, `epoch` the number of the next one, from 0.
    """

    def __init__(
        self,
        dataset: Sequence[np.ndarray] | np.ndarray,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        seed: int = 0,
        transforms: Sequence[Transform] = (),
        prefetch: int = 0,
    ):
        self.arrays = (dataset,) if isinstance(dataset, np.ndarray) else tuple(dataset)
        lengths = [len(array) for array in self.arrays]
        if not lengths or any(length != lengths[0] for length in lengths):
            raise ValueError(f"DataLoader: the arrays of dataset have the lengths {lengths}, they must be the same")
        for name, value, low in (("batch_size", batch_size, 1), ("prefetch", prefetch, 0), ("seed", seed, 0)):
            if operator.index(value) < low:
                raise ValueError(f"DataLoader: {name} is {value}, it must be at least {low}")
        self.batch_size, self.shuffle, self.drop_last, self.seed = batch_size, shuffle, drop_last, seed
        self.transforms, self.prefetch = tuple(transforms), prefetch
        self.samples = lengths[0] // batch_size * batch_size if drop_last else lengths[0]  # of an epoch
        self.epoch = 0

    def __len__(self) -> int:
        """The number of batches of an epoch."""
        return -(-self.samples // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        self.epoch += 1
        return self.batches(self.epoch - 1)

    def batches(self, epoch: int, first: int = 0) -> Generator[Batch, None, None]:
        """The batches of that epoch, from number `first` on. `epoch` stays as it is."""
        count = len(self.arrays[0])
        order = _stream(self.seed, ORDER, epoch).permutation(count) if self.shuffle else np.arange(count)
        numbers, make = range(first, len(self)), partial(self._batch, order, epoch)
        return self._ahead(make, numbers) if self.prefetch else (make(number) for number in numbers)

    def _batch(self, order: np.ndarray, epoch: int, number: int) -> Batch:
        chosen = order[number * self.batch_size : (number + 1) * self.batch_size]
        batch = tuple(array[chosen] for array in self.arrays)
        if self.transforms:
            rng = _stream(self.seed, DRAWS, epoch, number)
            for transform in self.transforms:
                batch = transform(batch, rng)
        return batch

    def _ahead(self, make, numbers) -> Generator[Batch, None, None]:
        pool = ThreadPoolExecutor(1, "DataLoader")
        try:
            waiting = deque()
            for number in numbers:
                waiting.append(pool.submit(make, number))
                if len(waiting) > self.prefetch:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
