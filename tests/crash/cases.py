"""Which calls fail in a test, and when.

RILL_FAULT_SWEEP=1 tries every case and every n from 1 until a whole scenario has
fewer calls; else a few are chosen by RILL_SEED, which is printed.
"""

import collections
import os
import random

SWEEP = os.environ.get("RILL_FAULT_SWEEP") == "1"
SEED = os.environ.get("RILL_SEED") or str(random.randrange(1 << 32))
MOST = 20000  # an n that no scenario reaches
TRIES = 500   # at most so many of a kind, evenly

# most: about how many calls a scenario makes.
Case = collections.namedtuple("Case", "call error times file most")


def choose(cases, dice, few):
    """Pairs of a case and the n to try in turn."""
    if SWEEP:
        return [(case, range(1, MOST, case.most // TRIES + 1))
                for case in cases]
    return [(case, [dice.randint(1, case.most)])
            for case in dice.sample(cases, few)]


def try_each(case, numbers, attempt):
    """attempt(case, n) for each n until it finds no call to fail; how many
    failed."""
    failed = 0
    for nth in numbers:
        if not attempt(case, nth):
            break
        failed += 1
    return failed
