"""A pump into a pipe, to look at from outside."""

import os

from secretrun.session.pump import Pump


class Notified:
    """A pump into a pipe, and its end."""

    def __init__(self, source, masker, **options):
        self.out, sink = os.pipe()
        self.notify, notify = os.pipe()
        self.pump = Pump(source, sink, masker, notify, **options)
        self.ends = [self.out, sink, self.notify, notify]
        self.pump.start()

    def close(self):
        for descriptor in self.ends:
            os.close(descriptor)
