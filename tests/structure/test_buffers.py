"""A buffer's failure is never lost: what was made of it would look whole."""

import re

import source

FUNCTION = re.compile(r"^(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", re.M | re.S)
LOCAL = re.compile(r"^\t+struct buf ([^*;]*);", re.M)
NAME = re.compile(r"(\w+)(?:\s*=\s*(?:\{[^}]*\}|[^,{]+))?(?:,\s*|$)")

# What is filled by somebody who returns an error then; or why it is no matter.
TOLD_OTHERWISE = {
    ("cluster-agent/peers.c", "exchange", "came"): "group_line_ask()",
    ("store/bootstrap.c", "write_all", "account"): "print_admin()",
    ("store/conf.c", "quote", "said"): "a message is cut short",
    ("store/forward.c", "ask_master", "request"): "forward_msg_encode()",
    ("store/forward.c", "ask_master", "answer"): "group_line_ask()",
    ("store/import.c", "import_run", "memory"): "event_line_parse()",
    ("store/tbl_events.c", "tbl_events_each", "record"): "get_growing()",
}


def local_buffers():
    """(file, function, name), and whether it is asked if it failed."""
    for path in source.files(".c", folders=source.PROGRAM_FOLDERS):
        for function, text in FUNCTION.findall(source.code(path)):
            for names in LOCAL.findall(text):
                for name in NAME.findall(names):
                    asks = re.compile(
                        rf"\bbuf_(failed\(&{name}\)|fini_part\(&{name},)")
                    yield ((str(path), function, name),
                           asks.search(text) is not None)


def test_whoever_has_a_buffer_asks_whether_it_failed():
    buffers = dict(local_buffers())
    assert len(buffers) > 20
    silent = {where for where, asks in buffers.items() if not asks}
    # Use buf_failed(), or buf_fini_part() for what is a part of an answer.
    assert silent == set(TOLD_OTHERWISE)
