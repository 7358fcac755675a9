"""Products of matrices. See conftest.py."""


def test_matmul(timed):
    timed()
