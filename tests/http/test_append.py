"""Appending events: POST /streams/<name>, and .../incoming/<id>."""

import json
import re

import pytest

from events import (ATOM, EVENT, EVENTS, JSON, TEXT, assert_refused, event,
                    fill, get, new_id, new_name, numbers, path, post,
                    set_metadata, stored_ids, write)


def post_json(node, where, body="{}", **headers):
    headers = {name.replace("_", "-"): v for name, v in headers.items()}
    return node.request("POST", where, body, {"Content-Type": JSON, **headers})


# What comes back.

def test_a_stored_event_answers_with_its_place(node):
    stream = new_name("placed")
    answer = write(node, stream, [event()])
    assert answer.headers["location"] == node.base + path(stream, 0)
    assert answer.headers["es-currentversion"] == "0"
    assert answer.headers["es-position"].isdigit()
    assert answer.headers["content-type"] == TEXT
    assert answer.body == b""


def test_a_batch_answers_with_its_first_number_and_the_last(node):
    stream = new_name("batch")
    fill(node, stream, 2)
    answer = write(node, stream, [event(), event(), event()])
    assert answer.headers["location"] == node.base + path(stream, 2)
    assert answer.headers["es-currentversion"] == "4"


def test_positions_count_the_events_of_the_node(node):
    stream = new_name("positions")
    first = int(write(node, stream, [event()]).headers["es-position"])
    answer = write(node, stream, [event(), event()])
    assert int(answer.headers["es-position"]) == first + 2


def test_the_location_is_that_of_the_escaped_name(node):
    stream = new_name("é $@:/!")
    answer = write(node, stream, [event({"a": 1})])
    location = answer.headers["location"]
    assert "/streams/%C3%A9%20%24%40%3A%2F%21-" in location
    assert get(node, location.removeprefix(node.base), JSON).json() == {"a": 1}


@pytest.mark.parametrize("media", [EVENT, EVENTS])
def test_an_array_of_events_is_stored_in_its_order(node, media):
    stream = new_name("array")
    batch = [event({"n": n}, f"type-{n}") for n in range(3)]
    assert post(node, path(stream), batch,
                {"Content-Type": media}).status == 201
    feed = get(node, path(stream)).json()
    assert [e["summary"] for e in feed["entries"]] == [
        "type-2", "type-1", "type-0"]
    assert stored_ids(node, stream) == [e["eventId"] for e in batch]


def test_member_names_of_the_envelope_may_be_in_any_case(node):
    stream, event_id = new_name("case"), new_id()
    write(node, stream, [{"EVENTID": event_id, "EventType": "cased",
                          "Data": {"a": 1}, "metaData": {"m": 2}}])
    stored = get(node, path(stream, 0), EVENT).json()
    assert (stored["eventId"], stored["eventType"]) == (event_id, "cased")
    assert (stored["data"], stored["metadata"]) == ({"a": 1}, {"m": 2})


def test_unknown_members_of_the_envelope_are_ignored(node):
    write(node, new_name("unknown"), [event(isJson=True, later=[{}])])


def test_one_json_event_takes_id_and_type_from_headers(node):
    stream, event_id = new_name("single"), new_id()
    answer = post_json(node, path(stream), '{"a": 1}', ES_EventType="plain",
                       ES_EventId=event_id)
    assert answer.status == 201
    stored = get(node, path(stream, 0), EVENT).json()
    assert (stored["eventId"], stored["eventType"]) == (event_id, "plain")
    assert (stored["data"], stored["metadata"]) == ({"a": 1}, "")


def test_a_json_event_that_is_no_json_is_kept_as_text(node):
    """It can be read in a feed and never breaks one."""
    stream, body = new_name("loose"), '{a : "1", b:"3", c:"5" }'
    assert post_json(node, path(stream), body, ES_EventType="plain",
                     ES_EventId=new_id()).status == 201
    entry = get(node, path(stream) + "?embed=tryharder").json()["entries"][0]
    assert entry["isJson"] is False
    assert entry["data"] == body
    assert get(node, path(stream, 0), JSON).json() == body


def test_atom_json_wants_headers_and_then_an_array(node):
    """A quirk that clients rely on: the headers' values go unused."""
    stream, inner = new_name("quirk"), event(event_type="inner")
    headers = {"Content-Type": ATOM, "ES-EventType": "outer",
               "ES-EventId": new_id()}
    assert post(node, path(stream), [inner], headers).status == 201
    assert get(node, path(stream, 0), EVENT).json()["eventType"] == "inner"
    assert stored_ids(node, stream) == [inner["eventId"]]


@pytest.mark.parametrize("media", [EVENT, EVENTS])
def test_the_newer_names_of_media_types_are_taken(node, media):
    newer = media.replace("eventstore", "kurrent")
    answer = post(node, path(new_name("newer")), [event()],
                  {"Content-Type": newer})
    assert answer.status == 201


@pytest.mark.parametrize("suffix", [
    "; charset=utf-8", ";charset=UTF-8", "; charset: utf-8", "; q=0.5"])
def test_a_content_type_may_have_parameters(node, suffix):
    answer = post(node, path(new_name("suffix")), [event()],
                  {"Content-Type": EVENTS + suffix})
    assert answer.status == 201


# The idempotent URI.

def test_an_event_without_an_id_is_sent_to_a_uri_that_has_one(node):
    stream = new_name("forward")
    answer = post_json(node, path(stream) + "?x=1", '{"a": 1}',
                       ES_EventType="plain")
    assert answer.status == 307
    assert answer.headers["content-type"] == TEXT
    assert answer.body == b"Forwarding to idempotent URI"
    location = answer.headers["location"]
    assert re.fullmatch(re.escape(node.base + path(stream, "incoming")) +
                        r"/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", location)
    assert get(node, path(stream)).status == 404, "nothing is stored yet"


def test_the_idempotent_uri_takes_an_event_once(node):
    stream, event_id = new_name("incoming"), new_id()
    where = path(stream, "incoming", event_id)
    for _ in range(3):
        answer = post_json(node, where, '{"a": 1}', ES_EventType="plain")
        assert answer.status == 201
        assert answer.headers["location"] == node.base + path(stream, 0)
    assert stored_ids(node, stream) == [event_id]


def test_the_idempotent_uri_ignores_an_id_in_a_header(node):
    stream, event_id = new_name("incoming"), new_id()
    post_json(node, path(stream, "incoming", event_id), ES_EventType="plain",
              ES_EventId="neither this nor an id")
    assert stored_ids(node, stream) == [event_id]


def test_an_id_is_known_however_it_came(node):
    stream, event_id = new_name("ways"), new_id()
    post_json(node, path(stream, "incoming", event_id), ES_EventType="a")
    post_json(node, path(stream), ES_EventType="b", ES_EventId=event_id)
    write(node, stream, [event(event_id=event_id)])
    assert stored_ids(node, stream) == [event_id]


def test_the_idempotent_uri_refuses_what_is_no_id(node):
    answer = post_json(node, path(new_name(), "incoming", "seven"),
                       ES_EventType="plain")
    assert_refused(answer, 400, "Unable to parse guid", "not all zero")


def test_the_idempotent_uri_wants_an_event_type(node):
    answer = post_json(node, path(new_name(), "incoming", new_id()))
    assert_refused(answer, 400, "Empty eventType provided.")


def test_the_idempotent_uri_takes_no_batches(node):
    answer = post(node, path(new_name(), "incoming", new_id()), [event()])
    assert_refused(answer, 415, "Content-Type")


def test_the_idempotent_uri_is_not_read(node):
    """A GET takes it for a page, which does not begin at a number."""
    answer = get(node, path(new_name(), "incoming", 5))
    assert_refused(answer, 400, '"incoming" is not valid event number')


# What is refused, in the order in which it is checked.

WRONG_ID = {"ES-EventId": "seven"}
WRONG_VERSION = {"ES-ExpectedVersion": "soon"}
WRONG_MASTER = {"ES-RequireMaster": "perhaps"}
TYPE = {"ES-EventType": "plain"}
TOO_LARGE = b'"' + b"x" * 4194304 + b'"'


def refuse_json(node, status, sentence, headers, body="{}"):
    answer = node.request("POST", path(new_name("refused")), body,
                          {"Content-Type": JSON, **headers})
    assert_refused(answer, status, sentence)


def test_first_comes_the_content_type(node):
    refuse_json(node, 415, "Content-Type", {
        **WRONG_ID, "Content-Type": "text/plain", "Accept": "image/png"})


def test_then_what_is_accepted(node):
    refuse_json(node, 406, "format", {**WRONG_ID, "Accept": "image/png"})


def test_then_the_event_type(node):
    refuse_json(node, 400, "Must include an event type with the request "
                "either in body or as ES-EventType header.",
                {**WRONG_ID, **WRONG_VERSION})


@pytest.mark.parametrize("event_id", [
    "seven", "00000000-0000-0000-0000-000000000000",
    "fbf4a1a1-b4a3-4dfe-a01f-ec52c34e16e", "{}"])
def test_then_the_event_id(node, event_id):
    refuse_json(node, 400, "ES-EventId header in wrong format.",
                {**TYPE, **WRONG_VERSION, "ES-EventId": event_id})


@pytest.mark.parametrize("where", [(), ("metadata",)])
def test_a_batch_too_is_refused_with_a_malformed_id(node, where):
    """Though it has no use for one."""
    stream = new_name("refused")
    answer = post(node, path(stream, *where), [event()], WRONG_ID)
    assert_refused(answer, 400, "ES-EventId header in wrong format.")
    assert get(node, path(stream)).status == 404
    answer = post(node, path(stream, *where), [event()],
                  {"ES-EventId": new_id()})
    assert answer.status == 201


def test_then_whether_there_is_an_id(node):
    answer = post_json(node, path(new_name()), ES_EventType="plain",
                       ES_ExpectedVersion="soon")
    assert answer.status == 307


def test_then_the_expected_version(node):
    refuse_json(node, 400, "ES-ExpectedVersion header in wrong format.",
                {**TYPE, "ES-EventId": new_id(), **WRONG_VERSION,
                 **WRONG_MASTER})


def test_then_whether_the_master_is_required(node):
    refuse_json(node, 400, "ES-RequireMaster header in wrong format.",
                {**TYPE, "ES-EventId": new_id(), **WRONG_MASTER}, TOO_LARGE)


def test_then_the_body(node):
    answer = post(node, path(new_name()), '[{"eventId":',
                  {"ES-ExpectedVersion": "7"})
    assert_refused(answer, 400, "Write request body invalid.")


def test_then_the_size_of_an_event(node):
    refuse_json(node, 413, "Too large events received. Limit is 4mb",
                {**TYPE, "ES-EventId": new_id(), "ES-ExpectedVersion": "7"},
                TOO_LARGE)


def test_and_at_last_the_version(node):
    answer = post(node, path(new_name()), [event()],
                  {"ES-ExpectedVersion": "7"})
    assert_refused(answer, 400, "Wrong expected EventNumber")
    assert answer.headers["es-currentversion"] == "-1"


@pytest.mark.parametrize("media", [
    None, "", "text/plain", "json", "application/", "application/jsonx",
    EVENTS + "; charset=latin1", "application/octet-stream; charset=utf-8"])
def test_a_content_type_that_is_not_known_is_refused(node, media):
    headers = {} if media is None else {"Content-Type": media}
    answer = node.request("POST", path(new_name()), "{}", {
        **TYPE, "ES-EventId": new_id(), **headers})
    assert_refused(answer, 415, "Content-Type")


@pytest.mark.parametrize("version", [
    "soon", "-5", "1.0", "0x1", "1 2", "1,1", "9223372036854775808"])
def test_an_expected_version_is_a_number_from_minus_4(node, version):
    answer = post(node, path(new_name()), [event()],
                  {"ES-ExpectedVersion": version})
    assert_refused(answer, 400, "ES-ExpectedVersion header in wrong format.")


@pytest.mark.parametrize("header", [
    "ES-RequireMaster", "ES-RequiresMaster", "ES-RequireLeader"])
def test_a_lone_node_is_its_own_master(node, header):
    for value in ["True", "true", "False"]:
        write(node, new_name("master"), [event()], {header: value})
    answer = post(node, path(new_name()), [event()], {header: "perhaps"})
    assert_refused(answer, 400, "ES-RequireMaster header in wrong format.")


ZERO = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("batch, sentence", [
    ([], "Write request body invalid."),
    ({"eventId": new_id(), "eventType": "t"}, "Write request body invalid."),
    ([[]], "Write request body invalid."),
    (["text"], "Write request body invalid."),
    ([event(), 7], "Write request body invalid."),
    ([{"eventType": "t"}], "Empty eventId provided."),
    ([event(event_id=ZERO)], "Empty eventId provided."),
    ([event(event_id="seven")], "GUID"),
    ([{"eventId": 7, "eventType": "t"}], "event 0"),
    ([{"eventId": new_id()}], "Empty eventType provided."),
    ([event(event_type="")], "Empty eventType provided."),
    ([event(event_type=["t"])], "event 0"),
    ([event(), event(event_type="")], "Event 1"),
])
def test_a_batch_that_says_no_event_is_refused(node, batch, sentence):
    stream = new_name("refused")
    answer = post(node, path(stream), batch)
    assert_refused(answer, 400)
    assert sentence.lower() in answer.body.decode().lower()
    assert get(node, path(stream)).status == 404


def test_an_empty_body_is_refused(node):
    answer = post(node, path(new_name()), "")
    assert_refused(answer, 400, "Write request body invalid.")


def test_an_id_may_come_once_in_a_batch(node):
    stream, twice = new_name("twice"), event()
    answer = post(node, path(stream), [twice, event(), twice])
    assert_refused(answer, 400, "same id")
    assert stored_ids(node, stream) == []


def test_all_takes_no_events(node):
    answer = post(node, "/streams/%24all", [event()])
    assert_refused(answer, 401)


# Repeats and expected versions: the contract's table 1.4.  A stream holds the
# events a, b and c; of each request stands what was expected, its events, and
# then the number of the first if it is taken, None if it is refused.

ANY, NO_STREAM, EXISTS = -2, -1, -4

REPEATS = [
    (ANY, "d", 3), (ANY, "de", 3),
    (ANY, "a", 0), (ANY, "b", 1), (ANY, "ab", 0), (ANY, "abc", 0),
    (ANY, "ca", 2), (ANY, "cd", None), (ANY, "dc", None),
    (EXISTS, "d", 3), (EXISTS, "b", 1), (EXISTS, "bc", 1),
    (EXISTS, "bd", None),
    (NO_STREAM, "a", 0), (NO_STREAM, "ab", 0), (NO_STREAM, "abc", 0),
    (NO_STREAM, "b", None), (NO_STREAM, "d", None), (NO_STREAM, "ad", None),
    (NO_STREAM, "ba", None), (NO_STREAM, "abcd", None),
    (0, "b", 1), (0, "bc", 1), (0, "a", None), (0, "c", None),
    (0, "d", None), (0, "bd", None), (0, "cb", None),
    (1, "c", 2), (1, "b", None), (1, "cd", None), (1, "d", None),
    (2, "d", 3), (2, "de", 3), (2, "c", None), (2, "dc", None),
    (3, "d", None), (4, "d", None), (9223372036854775807, "d", None),
    (-3, "d", None),
]


@pytest.mark.parametrize("expected, letters, first", REPEATS)
def test_repeats_and_versions(node, expected, letters, first):
    stream = new_name("repeats")
    events = {letter: event({"as": letter}) for letter in "abcde"}
    write(node, stream, [events[letter] for letter in "abc"])
    answer = post(node, path(stream), [events[letter] for letter in letters],
                  {"ES-ExpectedVersion": str(expected)})
    stored = "abc"
    if first is None:
        assert_refused(answer, 400, "Wrong expected EventNumber")
    else:
        assert answer.status == 201, answer.body
        assert answer.headers["location"] == node.base + path(stream, first)
        stored += letters if first == 3 else ""
    assert answer.headers["es-currentversion"] == str(len(stored) - 1)
    assert stored_ids(node, stream) == [
        events[letter]["eventId"] for letter in stored]


@pytest.mark.parametrize("expected, taken", [
    (ANY, True), (NO_STREAM, True), (EXISTS, False), (0, False), (1, False)])
def test_expected_versions_of_a_stream_that_is_not_there(
        node, expected, taken):
    stream = new_name("none")
    answer = post(node, path(stream), [event()],
                  {"ES-ExpectedVersion": str(expected)})
    assert answer.status == (201 if taken else 400)
    assert answer.headers["es-currentversion"] == ("0" if taken else "-1")
    assert len(stored_ids(node, stream)) == (1 if taken else 0)


def test_a_stream_exists_once_it_has_metadata(node):
    stream = new_name("described")
    set_metadata(node, stream, {"a": 1})
    write(node, stream, [event()], {"ES-ExpectedVersion": "-4"})


def test_a_repeat_answers_as_the_first_time_did(node):
    stream, batch = new_name("again"), [event(), event()]
    first = write(node, stream, batch)
    again = write(node, stream, batch)
    for header in ["location", "es-currentversion", "es-position"]:
        assert again.headers[header] == first.headers[header]


def test_a_repeat_is_known_by_its_id_alone(node):
    stream, event_id = new_name("same"), new_id()
    write(node, stream, [event({"a": 1}, "one", event_id)])
    write(node, stream, [event({"a": 2}, "two", event_id)])
    assert get(node, path(stream, 0), JSON).json() == {"a": 1}
    assert numbers(get(node, path(stream)).json()) == [0]


def test_an_id_is_known_however_long_ago_it_came(node):
    stream, old = new_name("old"), event()
    write(node, stream, [old])
    for _ in range(3):
        fill(node, stream, 2000)
    answer = write(node, stream, [old])
    assert answer.headers["location"].endswith("/0")
    assert answer.headers["es-currentversion"] == "6000"


def test_an_id_may_be_in_several_streams(node):
    shared = event()
    for stream in [new_name("one"), new_name("other")]:
        assert write(node, stream, [shared]).headers["location"].endswith("/0")


def test_ids_are_the_same_in_upper_case(node):
    stream, event_id = new_name("upper"), new_id()
    write(node, stream, [event(event_id=event_id.upper())])
    write(node, stream, [event(event_id=event_id)])
    assert stored_ids(node, stream) == [event_id]


# The slash at the end.

def test_a_post_with_a_slash_at_the_end_is_redirected(node):
    stream = new_name("slash")
    answer = post(node, path(stream, ""), [event()])
    assert answer.status == 307
    assert answer.headers["location"] == node.base + path(stream)
    assert answer.headers["cache-control"] == "max-age=31536000, public"


XML_EVENTS = "application/vnd.eventstore.events+xml"


def test_a_batch_may_be_xml(node):
    name, ids = new_name("xml"), [new_id(), new_id()]
    body = "<Events>" + "".join(
        f"<Event><EventId>{i}</EventId><EventType>t</EventType>"
        "<Data><a>1</a><a>2</a><b x='y'/></Data><Metadata>m</Metadata>"
        "</Event>" for i in ids) + "</Events>"
    headers = {"Content-Type": XML_EVENTS}
    answer = node.request("POST", path(name), body, headers)
    assert answer.status == 201, answer.body
    assert stored_ids(node, name) == ids
    content = json.loads(get(node, path(name, 0)).body)["content"]
    assert content["data"] == {"a": ["1", "2"], "b": {"@x": "y"}}
    assert content["metadata"] == "m"


@pytest.mark.parametrize("body", [
    "", "<", "<a>", "<a/>", "<a><b/></a>", "text", "[]",
    "<!DOCTYPE a [<!ENTITY x 'y'>]><a><b>&x;</b></a>",
    "<a>" * 70 + "</a>" * 70])
def test_xml_that_is_no_batch_is_refused(node, body):
    answer = node.request("POST", path(new_name()), body,
                          {"Content-Type": XML_EVENTS})
    assert_refused(answer, 400)
