"""That the judge of tests/soak finds each kind of fault: on made-up events."""

import json
import sys

import pytest

from node import SOURCE

sys.path.append(str(SOURCE / "tests/soak"))

from counted import event_of, id_of, line_of, text_of  # noqa: E402
from judge import Judge  # noqa: E402

WRITER = "writer-0"


def exported_line(stream, number, count, position):
    return (json.dumps({
        "stream": stream, "number": number, "id": id_of(WRITER, count),
        "type": "counted", "position": position}, separators=(",", ":"))[:-1] +
        f',"data":{text_of(WRITER, count)}}}\n')


@pytest.fixture
def judge(tmp_path):
    """Of one event in a, then two in b, at the positions 5, 6 and 7."""
    one, two, three = (event_of(WRITER, count) for count in (1, 2, 3))
    (tmp_path / WRITER).write_text(
        line_of("a", 0, [one], 5) + line_of("b", 0, [two, three], 7))
    return Judge(tmp_path, [WRITER])


RIGHT = [("a", 0, 1, 5), ("b", 0, 2, 6), ("b", 1, 3, 7)]


def found(judge, places, change=lambda line: line):
    judge.check("it", [change(exported_line(*place)) for place in places])
    return judge.faults


def test_what_is_right_is_found_right(judge):
    assert found(judge, RIGHT) == []


@pytest.mark.parametrize("places, sentence", [
    (RIGHT[:2], "was acknowledged at 1@b and is gone"),
    (RIGHT[1:], "was acknowledged at 0@a and is gone"),
    ([*RIGHT, ("b", 2, 3, 8)], "writer-0's 3 is there twice"),
    ([*RIGHT, ("b", 2, 4, 8)], "nobody acknowledged writer-0's 4"),
    ([*RIGHT[:2], ("b", 2, 3, 7)], "b: 2 follows 0"),
    ([RIGHT[0], ("b", 0, 3, 6), ("b", 1, 2, 7)], "was acknowledged at"),
    ([("a", 0, 1, 6), *RIGHT[1:]], "has position 6, told 5"),
])
def test_a_fault_is_found(judge, places, sentence):
    assert any(sentence in fault for fault in found(judge, places))


@pytest.mark.parametrize("old, new", [
    ('"pad": "x', '"pad": "y'), ('"by": ', '"by":  '),
    (id_of(WRITER, 1), id_of(WRITER, 9)),
])
def test_other_bytes_are_found(judge, old, new):
    faults = found(judge, RIGHT, lambda line: line.replace(old, new))
    assert any("never sent like this" in fault for fault in faults)
