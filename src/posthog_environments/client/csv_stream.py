"""CSV responses as text, chunk by chunk: decoded, and checked for the limits at which servers cut them."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import AsyncGenerator, Generator, Iterator
from typing import cast

from posthog_environments.calls.messages import CallGenerator, ServerResponse, TransportFailure
from posthog_environments.client.runners import AsyncRunner, Runner
from posthog_environments.errors import MalformedResponseError, TransportError

__all__ = ["CSV_CAPS", "RowCounter", "acheck_rows", "acsv_text", "check_rows", "csv_text"]


class _Decoder:
    """Decodes the chunks of a CSV stream, and turns failures into errors of the tree."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def text(self, chunk: bytes, *, final: bool = False) -> str:
        failure = None
        try:
            return self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            failure = MalformedResponseError("The CSV is not UTF-8.", status_code=200, body=chunk[:65536])
        raise failure

    def error(self, failed: TransportFailure) -> TransportError:
        return TransportError(f"The CSV broke off: {failed.reason}. The rows before are not all.")


def csv_text(runner: Runner, generator: CallGenerator[ServerResponse], silence: float) -> Iterator[str]:
    """Iterate over the text of a CSV response.

    Raises:
        TransportError: The response broke off.
        MalformedResponseError: It is not UTF-8.
    """
    answer = runner.run(generator, silence)
    decoder, failure, stream = _Decoder(), None, answer.stream
    if stream is None:  # the CSV was written by the client
        yield answer.content.decode()
        return
    assert isinstance(stream, Generator)
    with contextlib.closing(cast("Generator[bytes, None, None]", stream)):
        try:
            for chunk in stream:
                if text := decoder.text(chunk):
                    yield text
        except TransportFailure as failed:
            failure = decoder.error(failed)
    if failure is not None:
        raise failure
    decoder.text(b"", final=True)


async def acsv_text(
    runner: AsyncRunner, generator: CallGenerator[ServerResponse], silence: float
) -> AsyncGenerator[str, None]:
    """Iterate over the text of a CSV response; see `csv_text`."""
    answer = await runner.run(generator, silence)
    decoder, failure, stream = _Decoder(), None, answer.stream
    if stream is None:  # the CSV was written by the client
        yield answer.content.decode()
        return
    assert isinstance(stream, AsyncGenerator)
    async with contextlib.aclosing(cast("AsyncGenerator[bytes, None]", stream)):
        try:
            async for chunk in stream:
                if text := decoder.text(chunk):
                    yield text
        except TransportFailure as failed:
            failure = decoder.error(failed)
    if failure is not None:
        raise failure
    decoder.text(b"", final=True)


# Rows at which servers end a CSV of persons without a notice: since 2026, and before.
CSV_CAPS = (50_000, 300_000)


class RowCounter:
    """Counts the rows of a CSV stream; a line break within quotes does not end a row."""

    def __init__(self) -> None:
        self._lines = 0
        self._quoted = False
        self._open = False

    def pass_on(self, chunk: str) -> str:
        """Count the rows of a chunk; return the chunk."""
        for index, part in enumerate(chunk.split('"')):
            self._quoted ^= index > 0
            self._lines += 0 if self._quoted else part.count("\n")
        self._open = not chunk.endswith("\n")
        return chunk

    @property
    def count(self) -> int:
        """Number of rows below the header."""
        return max(0, self._lines + self._open - 1)

    def end(self) -> None:
        """Check that the CSV was not cut.

        Raises:
            MalformedResponseError: The number of rows is exactly a limit of servers, so rows may be missing.
        """
        rows = self.count
        if rows in CSV_CAPS:
            hint = "Use list(…).export(path), which reads page by page and has no such limit."
            error = MalformedResponseError(
                f"The CSV ends at exactly {rows:,} rows, a limit of servers: persons may be missing. {hint}",
                status_code=200,
            )
            error.hint = hint
            raise error


def check_rows(texts: Iterator[str]) -> Iterator[str]:
    """Pass on the text of a CSV of persons, and check at the end that it was not cut; see `RowCounter.end`."""
    rows = RowCounter()
    yield from map(rows.pass_on, texts)
    rows.end()


async def acheck_rows(texts: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """Pass on the text of a CSV of persons, and check it; see `check_rows`."""
    rows = RowCounter()
    async with contextlib.aclosing(texts):
        async for chunk in texts:
            yield rows.pass_on(chunk)
    rows.end()
