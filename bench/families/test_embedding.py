"""Rows looked up in a table, and sums of them. See conftest.py."""


def test_embedding(timed):
    timed()
