"""A request to any path of the API, with the pacing, deadline, retries and errors of the other calls.

A path that could lead to another server or endpoint is refused before anything is sent.
"""

# Callers without a type checker are users too, so arguments are checked at run time.
# pyright: reportUnnecessaryIsInstance=false

from __future__ import annotations

import json as json_module
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeAlias, cast
from urllib.parse import quote, unquote

from posthog_environments.calls.execute import execute_call
from posthog_environments.calls.messages import Call, CallGenerator, Operation, OperationKind, ServerResponse
from posthog_environments.calls.prefixes import ENVIRONMENTS
from posthog_environments.calls.raw import raw
from posthog_environments.calls.state import CallContext
from posthog_environments.errors import (
    ConfigurationError,
    MalformedResponseError,
    OutcomeUnknown,
    PostHogError,
    printable,
)
from posthog_environments.operations.person_changes import check_success
from posthog_environments.operations.trends import COSTLY, in_turn
from posthog_environments.query.validation import flag, json_object
from posthog_environments.ratelimit.limiter import Bucket
from posthog_environments.results.decoding import loads
from posthog_environments.results.responses import RawResponse

__all__ = ["METHODS", "Params", "request"]

Simple: TypeAlias = str | int | float | bool | date | None
Params: TypeAlias = Mapping[str, Simple | Sequence[Simple]]

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_API: Final = "/api/"
_PLAIN: Final = "/%._~@:!$&'()*+,;=-"
_OF_PROJECT: Final = re.compile(r"/api/(?:environments|projects)/[^/]+/(.*)", re.DOTALL)
# A path that is encoded more often than this is refused.
_DEEPEST: Final = 8


def request(
    context: CallContext,
    method: str,
    path: str,
    params: Params | None,
    json: object,
    timeout: float | None,
    repeat: bool | None,
    extra_headers: Mapping[str, str] | None,
) -> CallGenerator[RawResponse[Any]]:
    """Make a request to any path of the API; see `Environment.request`."""
    method = _method(method)
    target = _target(context, path)
    built: dict[str, Any] = {"method": method, "url": target}
    if params is not None:
        built["params"] = _params(params)
    if json is not None:
        built["json"] = _body(context, method, json)
    bucket = _bucket(method, target)
    operation = Operation("request", _kind(method, flag("repeat", repeat)), bucket, mute=frozenset({404}), free=True)
    call = Call(
        operation,
        built,
        delete_events="delete_events" in built.get("params", {}),
        final=COSTLY if bucket == "query" else frozenset(),
    )
    context = context.but(timeout, extra_headers)
    asking = _asked(context, call)
    return raw(in_turn(context, call, asking) if bucket == "query" and method == "POST" else asking)


def _asked(context: CallContext, call: Call) -> CallGenerator[Any]:
    from posthog_environments_api.records import DecodeError

    answer = yield from execute_call(context, call)
    if not answer.content.strip():
        return None
    try:
        body: object = loads(answer.content)
    except DecodeError as error:
        problem = _no_json(call, answer, str(error))
    else:
        check_success(call, answer, body)
        return body
    raise problem


def _no_json(call: Call, answer: ServerResponse, reason: str) -> PostHogError:
    """Return the error for a response that is not JSON. It keeps the body, which may be a file."""
    kind = answer.headers.get("content-type", "no type").lower()
    if call.operation.kind is not OperationKind.READ and ("html" in kind or "json" in kind):
        return OutcomeUnknown(
            f"request may or may not have been carried out: what came with {answer.status_code} is no JSON, but of "
            f"{printable(kind, 60)}; a proxy or a log-in may stand before the server. Check host, and look at what it "
            "is to change."
        )
    message = f"request: the answer, of {printable(kind, 60)}, is no JSON: {printable(reason, 200)}."
    return MalformedResponseError(message, status_code=answer.status_code, body=answer.content)


def _kind(method: str, repeat: bool | None) -> OperationKind:
    if not (method in ("GET", "HEAD", "DELETE") if repeat is None else repeat):
        return OperationKind.CHANGE
    return OperationKind.DELETE if method == "DELETE" else OperationKind.READ


def _bucket(method: str, target: str) -> Bucket:
    """Return the rate limit bucket in which servers count a path."""
    match = _OF_PROJECT.fullmatch(unquote(target))
    collection, _, rest = match[1].partition("/") if match else ("", "", "")
    if collection == "persons" and (method == "DELETE" or (method == "POST" and rest.strip("/") == "bulk_delete")):
        return "deletes"
    if collection in ("persons", "insights"):
        return "persons"
    return "query" if collection == "query" else "general"


# ------------------------------------------------------------------------------------------------------- the checks


def _refused(problem: str, remedy: str) -> ConfigurationError:
    error = ConfigurationError(f"{problem} {remedy}")
    error.hint = remedy
    return error


def _method(method: str) -> str:
    if not isinstance(method, str):
        raise TypeError(f"method must be a str, not {type(method).__name__}.")
    if method.upper() not in METHODS:
        raise _refused(
            f"method {printable(method, 20)!r} is none that the API has.", f"Give one of {', '.join(METHODS)}."
        )
    return method.upper()


_FORMS: Final = 'Give it relative to the project, such as "query/", or from /api/, such as "/api/users/@me/".'


def _target(context: CallContext, path: str) -> str:
    """Return the whole path, which stays below /api/ of the configured server."""
    if not isinstance(path, str):
        raise TypeError(f"path must be a str, not {type(path).__name__}.")
    head = path.partition("/")[0]
    if ":" in head or path.startswith(("//", "\\", "/\\")):
        raise _refused("path names a server, and requests go to the configured one alone.", _FORMS)
    if path.startswith("/") and not path.startswith(_API):
        raise _refused("path begins with / and not with /api/.", _FORMS)
    if "?" in path or "#" in path:
        raise _refused("path has a query or a fragment.", "Give what follows the ? as params.")
    target = path if path.startswith(_API) else f"{ENVIRONMENTS}{context.project_id}/{path}"
    _check_segments(target)
    try:
        return quote(target, safe=_PLAIN)
    except UnicodeEncodeError:
        pass
    raise _refused("path has half of a surrogate pair, which is not text.", "Leave it out.")


def _check_segments(target: str) -> None:
    """Refuse a path that a server or proxy may read as another one."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", target):
        raise _refused("path has a % that encodes nothing.", "Write it as %25.")
    decoded = target
    for _ in range(_DEEPEST):
        # After each decoding, because any proxy on the way may decode once more.
        if re.search(r"[\\\x00-\x1f\x7f]", decoded):
            raise _refused("path has a backslash or a control character, encoded or not.", "Leave it out.")
        parts = decoded.removeprefix(_API).split("/")
        if any(part.partition(";")[0].strip() in (".", "..") for part in parts):
            raise _refused("path has a segment of dots, encoded or not, which leads elsewhere.", "Write the path out.")
        if any(not part for part in parts[:-1]):
            raise _refused("path has an empty segment.", "Write one slash between two segments.")
        decoded, before = unquote(decoded, errors="replace"), decoded
        if decoded == before:
            return
    raise _refused("path is encoded again and again.", "Encode it once.")


def _params(params: Params) -> dict[str, Any]:
    """Check a query: texts, numbers, bools and dates, and lists of them, which repeat the name."""
    checked = {name: value for name, value in json_object("params", params).items() if value is not None}
    for name, value in checked.items():
        parts: list[Any] = cast("Any", value) if isinstance(value, list) else [value]
        if any(isinstance(each, (dict, list)) for each in parts):
            raise TypeError(f"params[{name!r}] is nested, which no query can be. Give its JSON as text: json.dumps(…).")
    return checked


def _body(context: CallContext, method: str, body: object) -> Any:
    """Check a body: what JSON can hold, within the limit."""
    if method in ("GET", "HEAD"):
        raise _refused(f"A {method} has no body.", "Give what it asks for as params, or another method.")
    checked = json_object("json", {"": body})[""]
    size = len(json_module.dumps(checked, ensure_ascii=False, separators=(",", ":")).encode())
    if size > context.client.settings.max_body:
        raise _refused(
            f"json is {size:,} bytes long, and max_body allows {context.client.settings.max_body:,}.",
            "Send it in parts, or give the client a larger max_body.",
        )
    return checked
