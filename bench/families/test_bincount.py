"""Histograms of integers. See conftest.py."""


def test_bincount(timed):
    timed()
