"""Matrices with rows and columns exchanged. See conftest.py."""


def test_transpose(timed):
    timed()
