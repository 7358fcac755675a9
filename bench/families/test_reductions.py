"""Sums, means and extremes along an axis. See conftest.py."""


def test_reductions(timed):
    timed()
