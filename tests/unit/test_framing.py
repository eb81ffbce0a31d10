"""Where a response ends, held against h11, which reads the same bytes: for any cut of them, and with more behind."""

from __future__ import annotations

from itertools import pairwise

import h11
import httpcore
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthog_environments.calls.messages import TransportFailure
from posthog_environments.transport.framing import MAX_CHUNK_LINE, MAX_HEAD, Framer

ENDS = st.sampled_from([b"\r\n", b"\n"])


@st.composite
def heads(draw: st.DrawFn) -> tuple[bytes, bytes, bytes]:
    """Give a request's method, and a response to it: its head and its body as it comes."""
    method = draw(st.sampled_from([b"GET", b"HEAD", b"PATCH"]))
    status = draw(st.sampled_from([200, 204, 304, 404, 503]))
    end = draw(ENDS)
    interim = b"".join(
        b"HTTP/1.1 %d X%s%s" % (draw(st.sampled_from([100, 103])), end, end) for _ in range(draw(st.integers(0, 2)))
    )
    payload = draw(st.binary(max_size=80))
    framed = draw(st.sampled_from(["length", "lengths", "chunked", "close"]))
    lines = [b"HTTP/1.1 %d X" % status, b"X-Other: HTTP/1.1 200 OK", b"x-content-length: 7"]
    match framed:
        case "length":
            lines.append(
                draw(st.sampled_from([b"Content-Length: %d", b"content-length:%d", b"CONTENT-LENGTH:  %d "]))
                % len(payload)
            )
        case "lengths":
            lines += [b"Content-Length: %d" % len(payload)] * 2
        case "chunked":
            lines.append(draw(st.sampled_from([b"Transfer-Encoding: chunked", b"transfer-encoding:CHUNKED"])))
        case _:
            pass
    head = interim + end.join(lines) + end + end
    if method == b"HEAD" or status in (204, 304):
        return method, head, b""
    if framed == "chunked":
        cut = draw(st.integers(0, len(payload)))
        extension = draw(st.sampled_from([b"", b";a=b", b';c="d" ', b"\t"]))
        parts = [part for part in (payload[:cut], payload[cut:]) if part]
        body = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts)
        trailers = draw(st.sampled_from([b"", b"X-Sum: 1\r\n", b"A: b\nC: d\n"]))
        return method, head, body + b"0\r\n" + trailers + draw(ENDS)
    return method, head, payload


def read(method: bytes, data: bytes) -> tuple[bytes, bytes, bool]:
    """Let h11 read all of it at once: what the body is, what lies behind the end, and whether there is an end."""
    parser = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    parser.send(h11.Request(method=method, target=b"/", headers=[(b"Host", b"x")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(data)
    body = b""
    while (event := parser.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
        if isinstance(event, h11.Data):
            body += event.data
        if isinstance(event, h11.EndOfMessage):
            return body, parser.trailing_data[0], True
    return body, b"", False


def framed(method: bytes, data: bytes, cuts: list[int]) -> tuple[bytes, bool]:
    """Give what the framer hands on of data that come cut in pieces, and whether it holds more."""
    framer, taken = Framer(), b""
    framer.ask(method + b" / HTTP/1.1\r\nHost: x\r\n\r\n")
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in pairwise(places):
        if start == end:
            continue
        framer.feed(data[start:end])
        try:
            while piece := framer.take():
                taken += piece
        except httpcore.RemoteProtocolError:
            # Only a parser that wants more than there is asks so late.
            break
    return taken, framer.holds_more


@settings(deadline=None)
@given(heads(), st.binary(max_size=30), st.lists(st.integers(0, 500), max_size=6))
def test_what_is_handed_on_is_the_response_and_no_more(
    response: tuple[bytes, bytes, bytes], behind: bytes, cuts: list[int]
) -> None:
    method, head, body = response
    data = head + body + behind
    _, trailing, ended = read(method, data)
    taken, holds_more = framed(method, data, cuts)
    assert taken == (data[: len(data) - len(trailing)] if ended else data)
    assert holds_more == bool(ended and trailing)


@settings(deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(0, 500), max_size=6))
def test_what_is_no_response_is_handed_on_or_refused(data: bytes, cuts: list[int]) -> None:
    taken, _ = framed(b"GET", data, cuts)
    assert data.startswith(taken)


@pytest.mark.parametrize(
    "odd",
    [
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5, 6\r\n",
        b"Content-Length: -5\r\n",
        b"Content-Length: five\r\n",
        b"Content-Length: %s\r\n" % (b"9" * 21),
        b"Content-Length:\r\n 5\r\n",
    ],
)
def test_a_length_that_is_none_spoils_the_connection(odd: bytes) -> None:
    data = b"HTTP/1.1 200 OK\r\n" + odd + b"\r\nhello"
    assert framed(b"GET", data, []) == (data, True)


@pytest.mark.parametrize("size", [b"", b"0x5", b"5_0", b"+5", b"-5", b"g", b"5 5", b"5" * 21])
def test_a_chunk_size_that_is_none_spoils_the_connection(size: bytes) -> None:
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\nhello"
    assert framed(b"GET", data, []) == (data, True)


def take_on_and_on(framer: Framer, more: bytes) -> None:
    for _ in range(2 * (MAX_HEAD + MAX_CHUNK_LINE) // 1000):
        framer.take()
        framer.feed(more)


def test_heads_trailers_and_lines_before_chunks_have_an_end() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    for start, more, error in (
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000, TransportFailure),
        (b"", b"HTTP/1.1 100 C\r\n\r\n" * 1000, TransportFailure),
        (chunked + b"0\r\n", b"X: y\r\n" * 1000, TransportFailure),
        (chunked + b"1;", b"a" * 1000, httpcore.RemoteProtocolError),
    ):
        framer = Framer()
        framer.ask(b"GET / HTTP/1.1\r\n")
        framer.feed(start)
        with pytest.raises(error) as caught:
            take_on_and_on(framer, more)
        # It may pass, as what h11 refuses does.
        assert getattr(caught.value, "again", True)


def test_the_next_request_begins_anew() -> None:
    framer, answer = Framer(), b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    for method, expected in ((b"GET", answer), (b"HEAD", answer[:-2]), (b"GET", answer)):
        framer.ask(method + b" / HTTP/1.1\r\n\r\n")
        framer.ask(b"HEAD is what a body may begin with")
        framer.feed(expected)
        assert framer.take() == expected
        assert not framer.holds_more
    framer.feed(b"!")
    assert framer.holds_more
    with pytest.raises(httpcore.RemoteProtocolError, match="after the end of the response"):
        framer.take()


def test_a_tunnel_and_another_protocol_are_handed_on() -> None:
    framer = Framer()
    framer.ask(b"\x05\x01\x00")
    framer.feed(b"\x05\x00\x0a\x0a")
    assert framer.take() == b"\x05\x00\x0a\x0a"
    framer.ask(b"CONNECT posthog.example.com:443 HTTP/1.1\r\n\r\n")
    framer.feed(b"HTTP/1.1 200 OK\r\n\r\n\x16\x03")
    assert framer.take() == b"HTTP/1.1 200 OK\r\n\r\n"
    assert framer.holds_more
