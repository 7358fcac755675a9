"""How exactly convolutions are to be summed."""

from .. import check

PRECISIONS = ("highest", "high", "medium")
_precision = 2


def set_conv_precision(precision: str) -> None:
    """How exactly convolutions of 3×3 windows may be summed on the GPU, from now on in all threads.

    On the CPU they are always sums of products, as written. On the GPU:

    "highest"
        The same: their error is that of a matrix product.
    "high"
        Winograd's F(2×2, 3×3) where channels are many: 2.25 times fewer multiplications, and no larger an error, for
        the sums are shorter.
    "medium", the default
        Winograd's F(4×4, 3×3): 4 times fewer, and some four times that error, with float32 about 1e-6 of the size of
        the result.

    Winograd's sums see a tile of the image at once, so an infinity or a NaN in it spreads over the tile.

    Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, arXiv:1509.09308.
    """
    global _precision
    check.choice("set_conv_precision", "precision", precision, PRECISIONS)
    _precision = PRECISIONS.index(precision)


def conv_precision() -> str:
    """What `set_conv_precision` has set."""
    return PRECISIONS[_precision]


def tile() -> int:
    """The side of the tiles in which Winograd's method may compute a result; 0: not at all."""
    return 2 * _precision
