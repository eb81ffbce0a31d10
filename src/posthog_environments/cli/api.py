"""`phenv api`: a request to any path of the API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import click

from posthog_environments.cli.groups import Command
from posthog_environments.cli.options import assignments, connected, usage
from posthog_environments.cli.output import print_body, print_json, print_json_line
from posthog_environments.cli.persons import confirm, yes_option
from posthog_environments.config.defaults import LONG_WAIT
from posthog_environments.errors import MalformedResponseError, fields_of, printable
from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import MOST_ROWS, RawPage

if TYPE_CHECKING:
    from posthog_environments.client.environment import Environment
    from posthog_environments.results.responses import RawResponse

__all__ = ["api"]

# Default rows per page.
PAGE: Final = 100


@click.command(
    cls=Command,
    examples="""
        phenv api GET /api/users/@me/
        phenv api GET persons/ --paginate > persons.jsonl
        phenv api PATCH persons/42/ --field 'properties:={"plan": "pro"}' --include
        phenv api POST query/ --field 'query:={"kind": "TrendsQuery", "series": [{"kind": "EventsNode", "event": "a"}]}'
    """,
)
@click.argument("method", metavar="METHOD")
@click.argument("path", metavar="PATH")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE",
              help="A query parameter. Repeatable; a repeated name is sent twice.")  # fmt: skip
@click.option("--field", "fields", multiple=True, metavar="NAME=TEXT", help="A field of the body as text; NAME:=JSON "
              "for other values. Repeatable.")  # fmt: skip
@click.option("--input", "file", type=click.File("rb"), metavar="FILE", help="The body, as JSON. - is standard input.")
@click.option("--include", is_flag=True, help="Print status and headers of the response first.")
@click.option("--paginate", is_flag=True, help="Fetch all pages of a listing, and print one row per line.")
@yes_option
@connected
def api(
    env: Environment, *, method: str, path: str, params: tuple[str, ...], fields: tuple[str, ...], file: Any,
    include: bool, paginate: bool, yes: bool,
) -> None:  # fmt: skip
    """Make a request to any path of the API, and print the response.

    PATH is relative to the project (cohorts/), or begins with /api/. Pacing, retries, timeout and errors are those of
    all commands. A request that may have changed something is not repeated. DELETE asks first.

    A JSON response is printed as JSON, any other as it is. With --paginate only the offset of a next link is used,
    pages overlap, and repeated rows are dropped. The exit code is 1 if rows may be missing.
    """
    if fields and file is not None:
        raise click.UsageError("--field and --input exclude each other: each sets the whole body.")
    if paginate and (method.upper() != "GET" or include or fields or file is not None):
        raise click.UsageError("--paginate needs GET, without --include and without a body.")
    query = _query(params)
    if paginate:
        _paginate(env.with_options(max_wait=LONG_WAIT), path, query)
        return
    body = assignments(fields, "--field") if fields else _read(file)
    if method.upper() == "DELETE":
        confirm(lambda: f"Delete {path}", yes=yes)
    with usage():
        answer = env.request(method, path, params=query, json=body)
    if include:
        _print_head(answer)
    if answer.content:
        _print_body(answer)


def _query(params: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in params:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"--param: expected NAME=VALUE, not {printable(text, 60)!r}.")
        found.setdefault(name, []).append(value)
    return found


def _read(file: Any) -> Any:
    if file is None:
        return None
    try:
        body: Any = json.loads(file.read())
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"--input is not JSON: {printable(str(error), 100)}.") from None
    except OSError as error:
        raise click.BadParameter(f"--input cannot be read: {error.strerror}.") from None
    if body is None:
        raise click.BadParameter("--input: null is not a body.")
    return body


def _print_head(answer: RawResponse[Any]) -> None:
    from http import HTTPStatus

    words = {status.value: status.phrase for status in HTTPStatus}
    click.echo(f"HTTP {answer.status_code} {words.get(answer.status_code, '')}".rstrip())
    for name, value in answer.headers.items():
        click.echo(f"{printable(name)}: {printable(value, 8000)}")
    click.echo()


def _print_body(answer: RawResponse[Any]) -> None:
    try:
        print_json(answer.json())
    except MalformedResponseError:
        print_body(answer.content)


# ------------------------------------------------------------------------------------------------------------- pages


def _paginate(env: Environment, path: str, query: Mapping[str, Any]) -> None:
    """Fetch all pages, and print each new row.

    Raises:
        ClickException: A response is not a page, or rows may be missing.
    """
    size = _number(query, "limit", PAGE, least=1, most=MOST_ROWS)
    paginator = OffsetPaginator[Any](size, _number(query, "offset", 0), _key, lambda _: None)
    while paginator.cursor is not None:
        place = {"limit": paginator.cursor.limit, "offset": paginator.cursor.number}
        with usage():
            answer = env.request("GET", path, params={**query, **place})
        for row in paginator.consume(_page(answer)):
            print_json_line(row)
    if not paginator.report.complete:
        raise click.ClickException(printable(f"Some rows may be missing: {paginator.report.reason}", 1000))


def _number(query: Mapping[str, Any], name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    values = query.get(name, [str(default)])
    if len(values) == 1 and values[0].isascii() and values[0].isdigit() and least <= int(values[0]) <= most:
        return int(values[0])
    raise click.BadParameter(f"--param {name}: expected one number from {least} to {most}.")


def _page(answer: RawResponse[Any]) -> RawPage[Any]:
    fields = fields_of(answer.json())
    rows = fields.get("results")
    if "next" not in fields or not isinstance(rows, list):
        raise click.ClickException(
            "The response is not a page of a listing: it lacks results or next. Leave --paginate out."
        )
    return RawPage(cast("Any", rows), cast("str | None", fields["next"]))


def _key(row: Any) -> str:
    """Return the identity of a row."""
    for name in ("uuid", "id"):
        if isinstance(value := fields_of(row).get(name), (str, int)):
            return f"{name} {value}"
    return json.dumps(row, sort_keys=True)
