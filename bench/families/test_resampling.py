"""Interpolation, padding and shuffles. See conftest.py."""


def test_resampling(timed):
    timed()
