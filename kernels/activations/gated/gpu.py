"""Launch geometry of gpu.cu."""

import numpy as np

from ... import cuda

SOURCE = cuda.Source(__file__)


def _forward(name):
    def launch(device, x, y):
        arguments = x, y, np.int64(y.shape[1])
        cuda.elementwise(device, SOURCE, f"{name}_forward", y.size, *arguments, at_once=16 // y.itemsize)

    return launch


def _backward(name):
    def launch(device, grad, x, grad_x):
        arguments = grad, x, grad_x, np.int64(grad.shape[1])
        cuda.elementwise(device, SOURCE, f"{name}_backward", grad.size, *arguments, at_once=16 // grad.itemsize)

    return launch


glu, glu_backward = _forward("glu"), _backward("glu")
swiglu, swiglu_backward = _forward("swiglu"), _backward("swiglu")
geglu, geglu_backward = _forward("geglu"), _backward("geglu")
reglu, reglu_backward = _forward("reglu"), _backward("reglu")
