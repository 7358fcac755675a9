"""Losses, with their gradients. See conftest.py."""


def test_losses(timed):
    timed()
