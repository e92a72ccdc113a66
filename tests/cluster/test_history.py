"""The checker of histories finds what it is there to find."""

from history import ANY, NO_STREAM, Append, Event, Read, Refusal, check

# Three appends to "s", one to "t"; positions 0 to 4.
ORDER = [Event("s", 0, "a"), Event("s", 1, "b"), Event("t", 0, "x"),
         Event("s", 2, "c"), Event("s", 3, "d")]
APPENDS = [
    Append("s", NO_STREAM, ("a", "b"), 1, 2, first=0, current=1, position=1),
    Append("t", ANY, ("x",), 1, 3, first=0, current=0, position=2),
    Append("s", 1, ("c",), 3, 4, first=2, current=2, position=3),
    Append("s", ANY, ("d",), 5, 6, first=3, current=3, position=4),
]
NODES = "123"


def finals(*orders):
    """The final order of each node; the last one for all that are left."""
    orders = [*orders, *[orders[-1]] * (len(NODES) - len(orders))]
    return dict(zip(NODES, orders))


def complaints(*more, appends=APPENDS, order=None, nodes=None):
    return check([*appends, *more], nodes or finals(order or ORDER))


def assert_found(found, *texts):
    """One complaint, with these texts."""
    assert len(found) == 1, found
    for text in texts:
        assert text in found[0]


def seen(*ids, begin, end, **more):
    """A read of "s" that saw these, which are the newest, the last first."""
    events = tuple((number, i) for number, i in reversed(list(enumerate(ids))))
    return Read("s", events, begin, end, **more)


def test_a_history_without_fault():
    assert complaints(
        seen(begin=0, end=1.5, master=True),
        seen("a", "b", begin=2.5, end=2.6, master=True),
        seen("a", "b", "c", begin=3.1, end=3.9, master=True),
        seen("a", "b", begin=8, end=9),
        seen("a", "b", begin=8, end=9, minimum=2),
        seen("a", "b", "c", "d", begin=7, end=8, master=True, minimum=4),
        Refusal("s", NO_STREAM, 2, 4.1, 4.2)) == []


def test_nothing_at_all_is_no_fault():
    assert check([], finals([])) == []


def test_an_acknowledged_event_is_missing():
    found = complaints(order=ORDER[:-1])
    assert_found(found, "acknowledged and not there", "'d'")


def test_an_event_is_missing_on_one_node():
    found = complaints(nodes=finals(ORDER, ORDER[:-1], ORDER))
    assert_found(found, "node 2 differs from position 4")


def test_two_nodes_have_another_order():
    other = [ORDER[0], ORDER[2], ORDER[1], *ORDER[3:]]
    found = complaints(nodes=finals(ORDER, ORDER, other))
    assert_found(found, "node 3 differs from position 1")


def test_an_event_is_there_twice():
    again = [*ORDER, Event("s", 4, "b")]
    assert_found(complaints(order=again), "is there twice", "'b'")


def test_the_same_id_in_two_streams_is_no_fault():
    more = Append("t", ANY, ("a",), 7, 8, first=1, current=1, position=5)
    assert complaints(more, order=[*ORDER, Event("t", 1, "a")]) == []


def test_a_number_is_left_out():
    order = [*ORDER[:4], Event("s", 4, "d")]
    found = complaints(appends=APPENDS[:3], order=order)
    assert any("follows number 2" in text for text in found)


def test_a_number_went_to_two_events():
    rival = Append("s", 1, ("z",), 3, 4, first=2, current=2, position=3)
    found = complaints(rival)
    assert any("was acknowledged to" in text for text in found)
    assert any("acknowledged and not there" in text for text in found)


def test_an_unknown_outcome_may_be_either():
    lost = Append("s", ANY, ("y",), 7, 8)
    assert complaints(lost) == []
    assert complaints(lost, order=[*ORDER, Event("s", 4, "y")]) == []


def test_an_event_that_nobody_sent():
    found = complaints(order=[*ORDER, Event("s", 4, "ghost")])
    assert_found(found, "nobody sent", "ghost")


def test_an_event_in_the_place_of_another():
    order = [*ORDER[:3], Event("s", 2, "d"), Event("s", 3, "c")]
    found = complaints(order=order)
    assert sum("acknowledged and not there" in text for text in found) == 2


def test_not_where_it_was_expected():
    late = Append("s", 2, ("e",), 7, 8, first=4, current=4, position=5)
    found = complaints(late, order=[*ORDER, Event("s", 4, "e")])
    assert_found(found, "elsewhere than expected")


def test_a_wrong_position_or_version_in_the_answer():
    order = [*ORDER, Event("s", 4, "e")]
    wrong = Append("s", ANY, ("e",), 7, 8, first=4, current=4, position=4)
    assert_found(complaints(wrong, order=order), "a position that is not")
    wrong = Append("s", ANY, ("e",), 7, 8, first=4, current=4, position=99)
    assert_found(complaints(wrong, order=order), "a position that is not")
    wrong = Append("s", ANY, ("e",), 7, 8, first=4, current=3, position=5)
    assert_found(complaints(wrong, order=order), "a version below")


def test_a_refusal_by_an_old_version():
    assert_found(complaints(Refusal("s", 3, 1, 6.5, 7)), "by an old version")


def test_a_refusal_at_the_same_time_is_no_fault():
    assert complaints(Refusal("s", 3, 2, 5.5, 7)) == []


def test_a_refusal_though_it_was_right():
    assert_found(complaints(Refusal("s", 3, 3, 7, 8)), "was right")


def test_a_read_from_the_master_into_the_past():
    found = complaints(seen("a", "b", begin=4.1, end=5, master=True))
    assert_found(found, "read into the past")


def test_the_same_from_any_node_is_no_fault():
    assert complaints(seen("a", "b", begin=4.1, end=5)) == []


def test_the_master_says_there_is_no_such_stream():
    found = complaints(seen(begin=2.1, end=3, master=True))
    assert_found(found, "read into the past")


def test_the_master_showed_what_is_gone():
    found = complaints(
        seen("a", "b", "c", "d", "gone", begin=7, end=8, master=True))
    assert_found(found, "which is gone", "gone")


def test_a_later_read_from_the_master_sees_less():
    """Neither event was acknowledged before the second read began."""
    found = complaints(seen("a", "b", "c", begin=3, end=3.2, master=True),
                       seen("a", "b", begin=3.3, end=3.5, master=True))
    assert_found(found, "had been read from the master before")


def test_reads_at_the_same_time_may_differ():
    assert complaints(seen("a", "b", "c", begin=3, end=3.4, master=True),
                      seen("a", "b", begin=3.3, end=3.5, master=True)) == []


def test_a_minimum_position_that_was_not_waited_for():
    found = complaints(seen("a", "b", begin=7, end=8, minimum=3))
    assert_found(found, "number 2 stands at or below")
    found = complaints(seen(begin=7, end=8, minimum=0))
    assert_found(found, "number 0 stands at or below")
