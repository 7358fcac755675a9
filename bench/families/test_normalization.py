"""Layer, RMS, batch and group normalization. See conftest.py."""


def test_normalization(timed):
    timed()
