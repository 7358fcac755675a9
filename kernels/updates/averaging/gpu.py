"""Launch geometry of gpu.cu."""

from ... import cuda
from ..launch import update

SOURCE = cuda.Source(__file__)
asgd = update(SOURCE, "asgd", 3)
schedule_free = update(SOURCE, "schedule_free", 4)
