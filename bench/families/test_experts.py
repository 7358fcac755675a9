"""Gates, and products of a matrix for each expert. See conftest.py."""


def test_experts(timed):
    timed()
