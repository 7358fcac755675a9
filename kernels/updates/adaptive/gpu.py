"""Launch geometry of gpu.cu."""

from ... import cuda
from ..launch import update

SOURCE = cuda.Source(__file__)
adagrad = update(SOURCE, "adagrad", 3)
adadelta = update(SOURCE, "adadelta", 4)
adamax = update(SOURCE, "adamax", 4)
nadam = update(SOURCE, "nadam", 4)
radam = update(SOURCE, "radam", 4)
ftrl = update(SOURCE, "ftrl", 4)
