"""A stand-in for CuPy, so that the backend `cupy` runs here from end to end, with no GPU.

    STANDIN_SMALL=1 PYTHONPATH=tests/standin:.gpu python -m kernelwright.bench.command bench gpu --quick

The folder cupy/ is what `import cupy` then finds. Its arrays are NumPy's, held in an own type that refuses what CuPy's
refuses; RawModule runs kernels in the simulator; streams do at once what they are told, or, while they are capturing,
note it for the graph. It has the names that this library uses of CuPy and nothing that CuPy lacks: test_standin.py
holds it against the real one, where there is one.
"""
