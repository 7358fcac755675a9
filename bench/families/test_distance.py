"""Distances, and radial basis functions. See conftest.py."""


def test_distance(timed):
    timed()
