"""Recurrent networks' walks. See conftest.py."""


def test_recurrence(timed):
    timed()
