"""Maxima and means of windows. See conftest.py."""


def test_pooling(timed):
    timed()
