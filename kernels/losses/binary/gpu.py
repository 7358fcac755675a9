"""Launch geometry of gpu.cu."""

from ... import cuda
from ..launch import elementwise, of_three, of_two

SOURCE = cuda.Source(__file__)

soft_margin_loss = of_two(SOURCE, "soft_margin_loss")
hinge_embedding_loss = of_two(SOURCE, "hinge_embedding_loss")
hinge_loss = of_two(SOURCE, "hinge_loss")
squared_hinge_loss = of_two(SOURCE, "squared_hinge_loss")
binary_focal_crossentropy = of_two(SOURCE, "binary_focal_crossentropy")


def binary_cross_entropy(device, input, target, weight, scale, loss, gradient, total):
    none = device.empty((0,), total.dtype)  # there is no second gradient
    of_three(SOURCE, "binary_cross_entropy")(device, input, target, weight, scale, loss, gradient, none, total)


def binary_cross_entropy_with_logits(device, input, target, weight, pos_weight, scale, loss, gradient, total):
    name, arrays = "binary_cross_entropy_with_logits", (input, target, weight, pos_weight)
    elementwise(device, SOURCE, name, arrays, (), scale, (loss, gradient), total, (weight, pos_weight))
