"""Stream metadata: written, read, and what it hides."""

import json

import pytest

from events import (ATOM, BRIEFLY, EVENT, EVENTS, FOREVER, GONE, JSON,
                    assert_refused, event, fill, get, links, new_id, new_name,
                    numbers, path, post, set_metadata, write)


def metadata(stream, *rest):
    return path(stream, "metadata", *rest)


@pytest.fixture
def stream(node):
    """A stream of eight events."""
    name = new_name("described")
    fill(node, name, 8)
    return name


def visible(node, stream):
    """The numbers that a feed, pages and single events agree to show."""
    inside = numbers(get(node, path(stream)).json())
    whole = get(node, path(stream, 0, "forward", 4096)).json()
    assert numbers(whole) == inside
    singles = [n for n in range(20) if
               get(node, path(stream, n)).status == 200]
    assert singles == inside[::-1]
    return inside[::-1]


# Writing and reading.

def test_metadata_is_an_event_of_the_metastream(node, stream):
    answer = set_metadata(node, stream, {"owner": "billing"})
    assert answer.headers["location"] == node.base + path("$$" + stream, 0)
    assert answer.headers["es-currentversion"] == "0"
    for where in [metadata(stream), metadata(stream, 0),
                  metadata(stream, "head"), path("$$" + stream, 0)]:
        assert get(node, where, JSON).json() == {"owner": "billing"}


def test_it_is_read_as_an_entry(node, stream):
    set_metadata(node, stream, {"owner": "billing"})
    answer = get(node, metadata(stream))
    entry = answer.json()
    assert entry["title"] == "0@$$" + stream
    assert entry["id"] == node.base + path("$$" + stream, 0)
    assert entry["summary"] == "$metadata"
    assert entry["content"]["data"] == {"owner": "billing"}
    assert answer.headers["cache-control"] == BRIEFLY
    assert answer.headers["etag"] == '"0;-2060438500"'


def test_one_json_document_is_metadata(node, stream):
    event_id = new_id()
    answer = node.request("POST", metadata(stream), '{ "a": 0.10 }', {
        "Content-Type": JSON, "ES-EventId": event_id})
    assert answer.status == 201
    assert get(node, metadata(stream), JSON).body == b'{ "a": 0.10 }'
    stored = get(node, metadata(stream), EVENT).json()
    assert (stored["eventId"], stored["eventType"]) == (event_id, "$metadata")


def test_the_newest_replaces_all_before(node, stream):
    set_metadata(node, stream, {"a": 1})
    set_metadata(node, stream, {"b": 2})
    assert get(node, metadata(stream), JSON).json() == {"b": 2}
    assert get(node, metadata(stream, 0), JSON).body != b'{"a": 1}'
    feed = get(node, path("$$" + stream)).json()
    assert (feed["streamId"], numbers(feed)) == ("$$" + stream, [1])
    for rest in [(0, "forward", 5), ("head", "backward", 5), ("head", 5)]:
        assert numbers(get(node, metadata(stream, *rest)).json()) == [1]


def test_what_was_before_cannot_be_read(node):
    name = new_name("before")
    set_metadata(node, name, {"a": 1})
    set_metadata(node, name, {"b": 2})
    for where in [metadata(name, 0), path("$$" + name, 0)]:
        assert_refused(get(node, where), 404)


def test_a_batch_keeps_its_own_event_types(node, stream):
    post(node, metadata(stream), [event({"a": 1}, "$user-updated")])
    assert get(node, metadata(stream)).json()["summary"] == "$user-updated"


def test_it_may_come_before_the_stream(node):
    name = new_name("first")
    set_metadata(node, name, {"$maxCount": 1})
    assert get(node, metadata(name), JSON).json() == {"$maxCount": 1}
    assert get(node, path(name)).status == 404
    fill(node, name, 3)
    assert visible(node, name) == [2]


def test_a_stream_without_metadata_has_an_empty_document(node, stream):
    answer = get(node, metadata(stream), JSON)
    assert (answer.status, answer.body) == (200, b"{}")
    assert answer.headers["cache-control"] == BRIEFLY
    assert "etag" not in answer.headers


def test_replaced_metadata_is_an_empty_document_for_ever(node, stream):
    """The number of metadata yet to come is not."""
    for n in range(2):
        set_metadata(node, stream, {"n": n})
    forever = FOREVER.replace("public", "private")
    for number, caching in [(0, forever), (2, BRIEFLY)]:
        for where in [metadata(stream, number), path("$$" + stream, number)]:
            answer = get(node, where, JSON)
            assert (answer.status, answer.body) == (200, b"{}")
            assert answer.headers["cache-control"] == caching
            assert answer.headers["vary"] == "Accept"
            assert "etag" not in answer.headers


def test_without_a_stream_there_is_none(node):
    assert_refused(get(node, metadata(new_name("none"))), 404)


def test_the_expected_version_is_that_of_the_metastream(node, stream):
    none = {"ES-ExpectedVersion": "-1"}
    set_metadata(node, stream, {}, none)
    answer = post(node, metadata(stream), [event()], none)
    assert_refused(answer, 400, "Wrong expected EventNumber")
    assert answer.headers["es-currentversion"] == "0"
    set_metadata(node, stream, {}, {"ES-ExpectedVersion": "0"})


def test_a_repeat_changes_nothing(node, stream):
    first = event({"a": 1})
    post(node, metadata(stream), [first])
    set_metadata(node, stream, {"b": 2})
    answer = post(node, metadata(stream), [first])
    assert answer.status == 201
    assert answer.headers["location"] == node.base + path("$$" + stream, 0)
    assert get(node, metadata(stream), JSON).json() == {"b": 2}


def test_the_metastream_is_written_under_its_own_name(node, stream):
    write(node, "$$" + stream, [event({"$maxCount": 2}, "$metadata")])
    assert visible(node, stream) == [6, 7]


# What is refused.

def post_json(node, where, **headers):
    headers = {name.replace("_", "-"): v for name, v in headers.items()}
    return node.request("POST", where, "{}", {"Content-Type": JSON, **headers})


def test_an_event_type_of_its_own_is_refused(node, stream):
    answer = post_json(node, metadata(stream), ES_EventId=new_id(),
                       ES_EventType="mine")
    assert_refused(answer, 400,
                   "You should not include an event type for metadata.")
    answer = post_json(node, metadata(stream), ES_EventId=new_id(),
                       ES_EventType="$metadata")
    assert answer.status == 201


def test_a_document_wants_an_id(node, stream):
    answer = post_json(node, metadata(stream))
    assert_refused(answer, 400, "Empty eventId provided.")


def test_a_metastream_has_no_metadata(node, stream):
    for answer in [get(node, metadata("$$" + stream)),
                   post(node, metadata("$$" + stream), [event()])]:
        assert_refused(answer, 400, "should not be metastream")


def test_a_slash_at_the_end_is_redirected(node, stream):
    where = metadata(stream, "")
    for answer in [get(node, where), post(node, where, [event()])]:
        assert answer.status == 307
        assert answer.headers["location"] == node.base + metadata(stream)


# What it hides.

@pytest.mark.parametrize("settings, seen", [
    ({"$maxCount": 3}, [5, 6, 7]), ({"$maxCount": 100}, list(range(8))),
    ({"$maxCount": 1}, [7]), ({"$tb": 5}, [5, 6, 7]), ({"$tb": 0}, None),
    ({"$tb": 8}, []), ({"$maxCount": 2, "$tb": 3}, [6, 7]),
    ({"$maxCount": 6, "$tb": 5}, [5, 6, 7]), ({"$maxAge": 86400}, None)])
def test_settings_hide_events(node, stream, settings, seen):
    set_metadata(node, stream, settings)
    assert visible(node, stream) == (list(range(8)) if seen is None else seen)


@pytest.mark.parametrize("settings", [
    {"$maxCount": 0}, {"$maxCount": -1}, {"$tb": -1}, {"$maxAge": 0},
    {"$cacheControl": -5}, {"$MaxCount": 2}, {"maxCount": 2},
    {"data": {"$maxCount": 2}}, {}])
def test_settings_that_say_nothing_are_ignored(node, stream, settings):
    set_metadata(node, stream, settings)
    assert visible(node, stream) == list(range(8))


@pytest.mark.parametrize("wrong", [
    '{"$maxCount":2,"$tb":"five"}', '{"$maxCount":2,"$acl":"x"}',
    '{"$maxCount":2,"$acl":{"$x":"y"}}', '{"$maxCount":2,"$tmp":1}',
    '{"$maxCount":2.5}', '{"$maxCount":99999999999999999999}',
    '{"$acl":{"$r":[7]},"$maxCount":2}', '[{"$maxCount":2}]'])
def test_one_wrong_setting_makes_all_of_them_void(node, stream, wrong):
    body = f'[{{"eventId":"{new_id()}","eventType":"t","data":{wrong}}}]'
    assert post(node, metadata(stream), body).status == 201
    assert visible(node, stream) == list(range(8))


def test_settings_hold_for_what_is_written_later(node, stream):
    set_metadata(node, stream, {"$maxCount": 2})
    fill(node, stream, 3)
    assert visible(node, stream) == [9, 10]


def test_what_was_hidden_can_be_shown_again(node, stream):
    set_metadata(node, stream, {"$maxCount": 2})
    set_metadata(node, stream, {})
    assert visible(node, stream) == list(range(8))


def test_a_page_of_hidden_events_is_empty_and_not_the_end(node, stream):
    """A client that follows previous comes to what is there."""
    set_metadata(node, stream, {"$tb": 6})
    feed = get(node, path(stream, 0, "forward", 3)).json()
    assert (feed["entries"], feed["headOfStream"]) == ([], False)
    follow = [each["uri"] for each in feed["links"]
              if each["relation"] == "previous"]
    assert follow == [node.base + path(stream, 3, "forward", 3)]


def test_a_page_that_ends_in_hidden_events_leads_on(node, stream):
    """It may be kept for ever, so nobody must be left waiting there."""
    set_metadata(node, stream, {"$tb": 8})
    answer = get(node, path(stream, 5, "forward", 3))
    assert answer.headers["cache-control"] == FOREVER
    feed = answer.json()
    assert (feed["entries"], feed["headOfStream"]) == ([], False)
    then = links(feed)["previous"]
    assert then == node.base + path(stream, 8, "forward", 3)
    last = get(node, path(stream, 8, "forward", 3))
    assert last.headers["cache-control"] == BRIEFLY
    assert "previous" not in links(last.json())


def test_a_page_of_hidden_events_leads_to_those_yet_to_come(node, stream):
    """Though $tb hides some of these, too."""
    set_metadata(node, stream, {"$tb": 20})
    feed = get(node, path(stream, 5, "forward", 10)).json()
    assert (feed["entries"], feed["headOfStream"]) == ([], False)
    then = links(feed)["previous"]
    assert then == node.base + path(stream, 8, "forward", 10)
    feed = get(node, path(stream, 8, "forward", 10)).json()
    assert feed["headOfStream"] is True
    assert "previous" not in links(feed)


def test_a_backward_page_ends_where_events_are_hidden(node, stream):
    set_metadata(node, stream, {"$tb": 6})
    feed = get(node, path(stream, "head", "backward", 5)).json()
    assert numbers(feed) == [7, 6]
    assert "next" not in [each["relation"] for each in feed["links"]]


def test_the_documents_of_2013_are_kept_and_echoed(node, stream):
    document = {"readRole": "$all", "metaReadRole": "$all"}
    post(node, metadata(stream), [event(document, "$user-updated")])
    entry = get(node, metadata(stream), ATOM).json()
    assert entry["content"]["data"] == document
    assert entry["summary"] == "$metadata", "as the documentation shows it"
    assert get(node, path(stream)).status == 200


@pytest.mark.parametrize("document", [
    {"owner": "billing"}, {"readRole": "$all", "owner": "billing"},
    {"$acl": {"$r": "$all"}}, {}, ["readRole"]])
def test_other_documents_keep_the_type_they_came_with(node, stream, document):
    post(node, metadata(stream), [event(document, "$user-updated")])
    assert get(node, metadata(stream), ATOM).json()["summary"] == "$user-updated"


def test_only_a_metadata_resource_takes_documents_of_2013(node, stream):
    write(node, stream, [event({"readRole": "$all"}, "$user-updated")])
    assert get(node, path(stream, "head"), ATOM).json()["summary"] == "$user-updated"


def test_undeleting_keeps_the_other_metadata(node, stream):
    """Beside $tb, which says where the stream goes on."""
    set_metadata(node, stream, {"$tb": GONE, "x": [1, {"y": None}]})
    assert get(node, path(stream)).status == 404
    write(node, stream, [event()])
    document = get(node, metadata(stream), JSON).body
    assert json.loads(document) == {"$tb": 8, "x": [1, {"y": None}]}


def test_metadata_in_an_unknown_content_type_is_refused(node, stream):
    answer = node.request("POST", metadata(stream), "{}", {
        "Content-Type": "text/plain", "ES-EventId": new_id()})
    assert_refused(answer, 415)
    assert EVENTS in answer.body.decode() or "json" in answer.body.decode()
