"""Steps of optimizers. See conftest.py."""


def test_updates(timed):
    timed()
