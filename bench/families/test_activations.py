"""Functions of single numbers, and gated ones. See conftest.py."""


def test_activations(timed):
    timed()
