"""Attention, and rotary positions. See conftest.py."""


def test_attention(timed):
    timed()
