"""Launch geometry of gpu.cu."""

from ... import cuda
from ..launch import update

SOURCE = cuda.Source(__file__)
rprop = update(SOURCE, "rprop", 4)
lion = update(SOURCE, "lion", 3)
