"""Dropout. See conftest.py."""


def test_random(timed):
    timed()
