"""Softmax and its relatives. See conftest.py."""


def test_softmax(timed):
    timed()
