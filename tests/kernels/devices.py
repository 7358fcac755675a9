"""Devices that run nothing."""


class OlderDevice:
    """Of an architecture whose tensor cores don't know tf32: it keeps the name of the file that was launched last."""

    arch = 75
    launched = ""

    def launch(self, source, *_):
        self.launched = source.path.name
