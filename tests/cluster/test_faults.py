"""A cluster under all faults at random, and the history its clients saw.

RILL_CLUSTER_SECONDS says how long, RILL_CLUSTER_NODES how many nodes, and
RILL_SEED repeats the choices of an earlier run.
"""

import collections
import os
import random

from faults import Nemesis
from history import Append, Read, Refusal, check
from node import START_SECONDS, wait_until
from recorder import Load, newest, read_all

SECONDS = int(os.environ.get("RILL_CLUSTER_SECONDS", "75"))
NODES = int(os.environ.get("RILL_CLUSTER_NODES", "3"))
SEED = int(os.environ.get("RILL_SEED", random.SystemRandom().randrange(10**9)))
SHOWN = 20  # complaints


def tell(capsys, lines):
    with capsys.disabled():
        for line in lines:
            print("# " + line, flush=True)


def await_agreement(lab):
    """All nodes have the same newest event."""
    wait_until(lambda: len({newest(node) for node in lab.nodes}) == 1,
               START_SECONDS, "all nodes have the same newest event")


def figures(load, nemesis, operations):
    kinds = collections.Counter(type(o) for o in operations)
    unknown = sum(o.first is None for o in operations if isinstance(o, Append))
    gaps = load.gaps()
    return [
        f"operations {len(operations)}: appends {kinds[Append]} (unknown "
        f"{unknown}), refusals {kinds[Refusal]}, reads {kinds[Read]}",
        f"from the master {sum(o.master for o in operations if isinstance(o, Read))}, "
        "with a minimum position "
        f"{sum(o.minimum is not None for o in operations if isinstance(o, Read))}",
        f"replies {dict(load.replies())}",
        f"faults {sum(nemesis.counts.values())} {dict(nemesis.counts)}",
        f"longest without an acknowledgement {[round(g, 2) for g in gaps[:5]]} s",
        "until appends were acknowledged again, at worst " +
        ", ".join(f"{kind} {s:.1f}" for kind, s in nemesis.slowest.items()),
    ]


def test_a_history_under_faults(make_lab, capsys):
    tell(capsys, [f"RILL_SEED={SEED} RILL_CLUSTER_SECONDS={SECONDS} "
                  f"RILL_CLUSTER_NODES={NODES}"])
    lab = make_lab(count=NODES, workers=2, clocks=True)
    lab.start()
    with Load([node.base for node in lab.nodes], SEED) as load:
        nemesis = Nemesis(lab, load, SEED)
        nemesis.run(SECONDS)
    lab.await_whole()
    await_agreement(lab)
    operations = load.operations
    tell(capsys, figures(load, nemesis, operations))
    assert load.troubles == []
    finals = {node.data.name: read_all(node) for node in lab.nodes}
    found = check(operations, finals)
    assert not found, "\n".join(found[:SHOWN])
    tell(capsys, [f"events {len(finals['1'])}, no contradiction"])
    for node in lab.nodes:
        node.stop()
        status, said = node.rillctl("verify")
        assert status == 0 and "no faults" in said, said
