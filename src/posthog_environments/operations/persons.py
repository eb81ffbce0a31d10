"""The operations on persons, each written once as a call generator over the generated endpoints.

Each takes a `CallContext` first; `client.resources` makes the methods of both clients from it.
"""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

# The generated `_get_kwargs` is ours to call.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypedDict
from uuid import UUID

from posthog_environments.calls.decode import decode, decode_record
from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import Call, CallGenerator, Operation, OperationKind, ServerResponse
from posthog_environments.calls.notices import warn
from posthog_environments.calls.state import CallContext
from posthog_environments.config.defaults import LONG_WAIT, PAGE_SIZE
from posthog_environments.paging.listing import ExportListRequest, ListRequest
from posthog_environments.paging.offset import OffsetPaginator
from posthog_environments.paging.page import MOST_ROWS, Cursor, RawPage
from posthog_environments.paging.time_range import TimeRangePaginator
from posthog_environments.query.arguments import Argument
from posthog_environments.query.filters import PropertiesArgument, absolute, filters_to_wire
from posthog_environments.query.validation import (
    extras,
    flag,
    given,
    json_text,
    moment,
    person_key,
    positive,
    present,
    query_names,
    text,
    whole,
    with_query,
)
from posthog_environments.results.decoding import next_link

if TYPE_CHECKING:
    from posthog_environments_api.models import Person

__all__ = ["GET", "LIST", "PERSON_FILTERS", "Extra", "Headers", "PersonFilters", "PersonKey", "csv", "get", "list_"]


PersonKey: TypeAlias = "int | str | UUID | Person"


Extra: TypeAlias = Mapping[str, Any]


Headers: TypeAlias = Mapping[str, str]


LIST = Operation("persons.list", OperationKind.READ, "persons", patient=True)
GET = Operation("persons.get", OperationKind.READ, "persons")


class PersonFilters(TypedDict, total=False):
    """The arguments that choose persons, which `list_` and `csv` share. dlt takes them as they are."""

    search: str | None
    email: str | None
    distinct_id: str | None
    properties: PropertiesArgument


PERSON_FILTERS: Final[Mapping[str, Argument]] = {
    "search": Argument("text", "Email contains this; or a distinct id, or a uuid.", metavar="TEXT"),
    "email": Argument("text", "The email, exactly.", metavar="EMAIL"),
    "distinct_id": Argument("text", "A distinct id, exactly.", metavar="ID"),
    "properties": Argument("filters"),
}
"""The same arguments as options of the command and of Spark."""


class PersonsQuery(TypedDict, total=False):
    """The query of a listing, but for its page; the keys are parameters of the generated function."""

    search: str
    email: str
    distinct_id: str
    properties: str
    include_total: bool


def list_(
    context: CallContext,
    *,
    search: str | None = None,
    email: str | None = None,
    distinct_id: str | None = None,
    properties: PropertiesArgument = None,
    page_size: int = PAGE_SIZE,
    offset: int = 0,
    include_total: bool = False,
    created_since: datetime | None = None,
    created_before: datetime | None = None,
    near: int = 0,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_headers: Headers | None = None,
) -> ListRequest[Person]:
    """List persons, newest first.

    Nothing is sent before the first item is asked for; then pages are fetched one at a time. Rows added or deleted
    meanwhile are handled: pages overlap, and repeats are dropped. `pager.report` tells whether every person was seen.

    Args:
        search: Text that the email contains, or a distinct id, or a uuid.
        email: The email, exactly.
        distinct_id: A distinct id, exactly.
        properties: Conditions on properties of the person: a mapping (`{"plan": "pro"}`), filters made with `prop`,
            or the API's own dicts.
        page_size: Persons a page, 1 to 50,000. Servers cut larger pages without saying so. A server with a smaller
            limit would not be noticed; none is known. Quotas count requests, not rows, hence the large default.
        offset: How many persons to pass over at the start.
        include_total: Whether pages shall carry `count`, the number of all persons that match.
        created_since: Only persons created then or later, an aware datetime. Servers have no such filter: the listing
            ends where persons are older.
        created_before: Only persons created earlier than then, an aware datetime. The first of them is searched for,
            with about ten requests.
        near: With `created_before`, about how many persons are newer. It saves the search; a wrong guess costs
            requests and nothing else.
        timeout: Seconds for each page, instead of the client's.
        extra_query: Query parameters that the contract does not know.
        extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

    Returns:
        A pager, which can be iterated for persons more than once; each time it starts over.

    Raises:
        ValueError: A filter, page size, offset or range of time makes no sense. Nothing was sent.
        PagingError: While iterating: a next link leads nowhere or back.
        MalformedResponseError: While iterating: a page is not one of this API, or a row has no uuid.

    Source: "List all environments persons" of the vendor's page; order, links and short pages from
    posthog/api/person.py.
    """
    context = context.but(timeout, extra_headers)
    _check_page_size(page_size)
    whole("offset", offset)
    since, before = moment("created_since", created_since), moment("created_before", created_before)
    _check_range(offset, near, since, before)
    filters = PersonFilters(search=search, email=email, distinct_id=distinct_id, properties=properties)
    wanted = _of_persons(properties)
    query = _query(filters, absolute(wanted, context.client.now))
    if flag("include_total", include_total):
        query["include_total"] = True
    from posthog_environments_api.api.persons import list_persons

    extra = extras("extra_query", extra_query, query_names(list_persons._get_kwargs))

    def fetch(cursor: Cursor) -> CallGenerator[RawPage[Person]]:
        from posthog_environments_api.models.person_page import PersonPage as Record

        request = list_persons._get_kwargs(context.project_id, limit=cursor.limit, offset=cursor.number, **query)
        call = _listing(with_query(request, extra), query)
        answer = yield from execute_call(context, call)
        page = decode_record(call, answer, Record, cursor.number)
        return RawPage(page.results, next_link(page), page.count)

    def restore(state: Mapping[str, Any] | None) -> OffsetPaginator[Any]:
        if state is None:
            return OffsetPaginator(page_size, offset, *_ROW)
        return OffsetPaginator[Any].restore(state, *_ROW)

    settings = context.client.settings
    identity = {
        "host": settings.host,
        "project": context.project_id,
        # As it was given: a relative date becomes another absolute one each time.
        "query": _query(filters, wanted),
        "extra_query": extra,
        "offset": offset,
    }
    if since is not None or before is not None:
        # An export is of whole listings alone.
        return ListRequest(fetch, partial(TimeRangePaginator, page_size, offset, near, *_ROW, since, before))
    export = ExportListRequest(partial(_rows, _waits_for(context), query, extra), restore, identity, page_size)
    return ListRequest(fetch, partial(restore, None), export=export)


# What identifies a row, and when it was created.
_ROW: tuple[Callable[[Any], Hashable], Callable[[Any], datetime | None]] = attrgetter("uuid"), attrgetter("created_at")


def _check_page_size(page_size: int) -> None:
    """Refuse pages that servers cut without a word."""
    if isinstance(page_size, int) and page_size > MOST_ROWS:
        raise ValueError(
            f"page_size must be at most {MOST_ROWS:,}, not {page_size}: servers give no more rows at once, and end "
            "there in silence. All pages together have every person."
        )
    positive("page_size", page_size)


def _check_range(offset: int, near: int, since: datetime | None, before: datetime | None) -> None:
    if whole("near", near) and before is None:
        raise ValueError(
            "near says where persons older than created_before begin; without created_before, give offset."
        )
    if before is not None and offset:
        raise ValueError("offset and created_before do not go together: to say about where they begin, give near.")
    if before is not None and since is not None and since >= before:
        raise ValueError("created_since must lie before created_before: nobody was created in between.")


def _waits_for(context: CallContext) -> CallContext:
    options = context.options
    return context if options.max_wait is not None else CallContext(context.client, options.but(max_wait=LONG_WAIT))


def _rows(context: CallContext, query: PersonsQuery, extra: Extra, cursor: Cursor) -> CallGenerator[RawPage[Any]]:
    """Fetch a page with its rows as they came."""
    from posthog_environments_api.api.persons import list_persons

    from posthog_environments.results.raw_rows import read_page

    request = list_persons._get_kwargs(context.project_id, limit=cursor.limit, offset=cursor.number, **query)
    call = _listing(with_query(request, extra), query)
    answer = yield from execute_call(context, call)
    return RawPage(*decode(call, answer, read_page, cursor.number))


def get(
    context: CallContext,
    id: PersonKey,
    *,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_headers: Headers | None = None,
) -> CallGenerator[Person]:
    """Read one person.

    Args:
        id: The integer id, the uuid, or a `Person`.
        timeout: Seconds for the call, instead of the client's.
        extra_query: Query parameters that the contract does not know.
        extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

    Raises:
        NotFoundError: There is no such person.
        TypeError, ValueError: The id names no person. Nothing was sent.

    Source: "Retrieve environments persons" of the vendor's page; that a uuid works too, from posthog/api/person.py.
    """
    context = context.but(timeout, extra_headers)
    from posthog_environments_api.api.persons import get_person
    from posthog_environments_api.models.person import Person as Record

    request = get_person._get_kwargs(context.project_id, person_key(id))
    extra = extras("extra_query", extra_query, query_names(get_person._get_kwargs))
    call = Call(GET, with_query(request, extra))
    return decode_record(call, (yield from execute_call(context, call)), Record)


def csv(
    context: CallContext,
    *,
    search: str | None = None,
    email: str | None = None,
    distinct_id: str | None = None,
    properties: PropertiesArgument = None,
    timeout: float | None = None,
    extra_query: Extra | None = None,
    extra_headers: Headers | None = None,
) -> CallGenerator[ServerResponse]:
    """Stream persons as CSV, as the server writes it: a header, then a line for each person.

    Servers stop at 50,000 lines, older ones at 300,000, and do not say so when there would be more. So a CSV that ends
    at exactly so many rows ends in an error. `list` and its `export` have no such limit.

    Args:
        search: Text that the email contains, or a distinct id, or a uuid.
        email: The email, exactly.
        distinct_id: A distinct id, exactly.
        properties: Conditions on properties of the person, as in `list`.
        timeout: Seconds until the first byte, and then seconds that the server may be silent.
        extra_query: Query parameters that the contract does not know.
        extra_headers: Headers to send besides, or instead of the client's own; never Authorization or Host.

    Returns:
        An iterator of pieces of text, of any size. Nothing is sent before the first is asked for.

    Raises:
        ValueError: A filter makes no sense. Nothing was sent.
        TransportError: While iterating: the stream broke off, and what came before is not the whole.
        MalformedResponseError: While iterating: what came is not UTF-8, or ends at exactly 50,000 or 300,000 rows.

    Source: the parameter `format` of the vendor's page; the limits from posthog/api/person.py.
    """
    context = context.but(timeout, extra_headers)
    from posthog_environments_api.api.persons import list_persons

    filters = PersonFilters(search=search, email=email, distinct_id=distinct_id, properties=properties)
    query = _query(filters, absolute(_of_persons(properties), context.client.now))
    request = list_persons._get_kwargs(context.project_id, format_="csv", **query)
    # The arguments of a page are not arguments here.
    extra = extras("extra_query", extra_query, query_names(list_persons._get_kwargs) - {"limit", "offset"})
    return execute_call(context, _listing(with_query(request, extra), query, stream=True))


_NO_OR = (
    "Newer servers take no | on persons, but for == of one property: ask once for each alternative, and join the "
    "persons by uuid."
)


def _listing(request: dict[str, Any], query: PersonsQuery, *, stream: bool = False) -> Call:
    """Return the call for a listing. A nested group is a 500 on newer servers, each time."""
    if str(query.get("properties", "")).startswith("{"):
        return Call(LIST, request, stream=stream, final=frozenset({500}), remark=_NO_OR)
    return Call(LIST, request, stream=stream)


def _query(filters: PersonFilters, properties: list[dict[str, Any]] | dict[str, Any] | None) -> PersonsQuery:
    """Check the filters, and write them as parameters."""
    return present(
        PersonsQuery(
            search=given(text("search", filters.get("search"))),
            email=given(text("email", filters.get("email"))),
            distinct_id=given(text("distinct_id", filters.get("distinct_id"))),
            properties=given(json_text(properties)),
        )
    )


# The types of filters that servers heed on persons. They ignore the others without saying so, or fail.
_OF_PERSONS = frozenset(
    {"person", "person_metadata", "cohort", "static-cohort", "precalculated-cohort", "hogql", "behavioral", "flag"}
)


def _of_persons(properties: PropertiesArgument) -> list[dict[str, Any]] | dict[str, Any] | None:
    """Read filters; refuse those on anything but persons: servers ignore them without saying so, and list everybody."""
    wanted = filters_to_wire(properties, default_type="person")
    parts = list(wanted) if isinstance(wanted, list) else [wanted] if wanted else []
    while parts:
        part = parts.pop()
        if "values" in part:
            parts += part["values"]
        elif part["type"] not in _OF_PERSONS:
            raise ValueError(
                f"properties: a filter on the {part['type']} property {part.get('key')!r} has no effect on persons; "
                "servers would list everybody. Filter by properties of the person."
            )
        elif part["type"] != "person":
            warn(
                f"properties: servers of 2025 pass over a filter of the type {part['type']!r} on persons and list "
                "everybody; newer ones heed it. See that fewer come than there are.",
                UserWarning,
            )
    return wanted
