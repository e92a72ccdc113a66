"""What the soak's processes know of each other: memory that all of them map."""

import multiprocessing

START_METHOD = multiprocessing.get_context("fork")

WAIT, FULL, HALF, DRAIN, END = range(5)  # what the clients are to do


class Board:
    """Numbers that one process writes and others read.

    phase      FULL: as fast as answers come; HALF: at the given rates;
               DRAIN: who writes comes to an end; END: everybody does
    rates      of each client, requests a second
    answered   of each client, requests
    acked      of each writer: its events up to this count are acknowledged
    in_hand    of each writer: an append is on its way
    heads      of each stream: a number that was acknowledged, or -1
    """

    def __init__(self, clients, writers, streams):
        self._phase = START_METHOD.RawValue("i", WAIT)
        self.rates = START_METHOD.RawArray("d", clients)
        self.answered = START_METHOD.RawArray("q", clients)
        self.acked = START_METHOD.RawArray("q", writers)
        self.in_hand = START_METHOD.RawArray("b", writers)
        self.streams = {name: i for i, name in enumerate(streams)}
        self._heads = START_METHOD.RawArray("q", [-1] * len(streams))
        self.said = START_METHOD.SimpleQueue()

    @property
    def phase(self):
        return self._phase.value

    @phase.setter
    def phase(self, phase):
        self._phase.value = phase

    def head(self, stream):
        return self._heads[self.streams[stream]]

    def raise_head(self, stream, number):
        """Writers that meet here may leave the lower one: also a true one."""
        i = self.streams[stream]
        self._heads[i] = max(self._heads[i], number)
