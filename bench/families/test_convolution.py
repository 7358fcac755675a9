"""Convolutions, and their transposes. See conftest.py."""


def test_convolution(timed):
    timed()
