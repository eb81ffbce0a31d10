"""Wording: replace Python arguments and calls in messages by options and commands of `phenv`."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["in_phenv"]

# Advice about arguments without an option is dropped.
_PHRASES: Final = (
    ('Leave using out, or give using="bulk".', "Leave --using out, or give --using bulk."),
    ("Leave it out, or pass None.", "Leave it out."),
    (
        "event(''): the name of the event is empty; write event(None) to count every event",
        "--event: the name of the event is empty; --event '{\"id\": null}' counts every event",
    ),
    ("breakdown_group_type_index: missing, and", "--breakdown-group-type-index is missing, and"),
    ("Give a larger max_wait or timeout, or call less often.", "Give a larger --timeout, or call less often."),
    (", or allow more bytes with max_body.", "."),
    (" What only a newer server knows can be sent through extra_query or extra_body.", ""),
    ("Use https, or give allow_http=True if you trust the network.", "Use https."),
    ("give api_key=.", "give --api-key-file or --api-key-stdin."),
    ("if that is the right server, give it as host.", "if that is the right server, give it as --host."),
    ("check host, project_id and id", "check --host, --project-id and the id"),
    ("check host and project_id", "check --host and --project-id"),
    ("Check host, and read", "Check --host, and read"),
    (" An unlimited wait is not possible; give a large number.", ""),
    ("Give what follows the ? as params.", "Give what follows the ? with --param."),
    ("Give what it asks for as params,", "Give what it asks for with --param,"),
    ("Send it in parts, or give the client a larger max_body.", "Send it in parts."),
    (", and max_body allows ", ", and allowed are "),
    ("Use list(…).export(path)", "Use phenv persons export FILE"),
    (
        'Give events= or actions=, at least one: events=["$pageview"].',
        "A trend counts events or actions: give --event or --action, at least one, such as --event '$pageview'.",
    ),
)
_COMMANDS: Final = {"get_trend": "get-trend", "trend_csv": "csv", "properties_timeline": "timeline"}
_OPTIONS: Final = (
    "project_id", "host", "prefix", "trend_api", "timeout", "quota", "search", "email", "distinct_id", "page_size",
    "offset", "limit", "date_from", "date_to", "interval", "breakdown", "breakdown_type", "breakdown_limit", "display",
    "compare", "compare_to", "formula", "delete_events", "delete_recordings", "keep_person", "keep_ids",
    "breakdown_group_type_index", "created_since", "created_before", "using", "by",
)  # fmt: skip
_NAMED: Final = {"events": "--event", "actions": "--action", "properties": "--property"}

_CALL: Final = re.compile(r"(?:env\.)?\b(persons|insights)\.([a-z_]+)\(([^()]*)\)")
_ARGUMENT: Final = re.compile(
    rf"(?<![\w?&/-])({'|'.join((*_OPTIONS, *_NAMED))})=(\"[^\"]*\"|…|\[[^\]]*\]|True|False|[\w.:/@-]+)?"
)
# Words that can only be names of arguments.
_NAME: Final = re.compile(rf"(?<![\w-])({'|'.join(name for name in _OPTIONS if '_' in name)})(?![\w(])")
_PROP: Final = re.compile(r"\bprop\('([^']*)'\)(?:\.value(?:\[\d+\])?)?:")


def in_phenv(text: str) -> str:
    """Return a message with options and commands of phenv instead of arguments and calls of Python."""
    for said, instead in _PHRASES:
        text = text.replace(said, instead)
    text = _CALL.sub(_command, text)
    text = _PROP.sub(r"--property \1:", text)
    text = _ARGUMENT.sub(_option, text)
    # A name before a colon at the start is a field of the API, not an argument.
    place = text.partition(":")[0]
    return _NAME.sub(lambda match: match[1] if match[1] == place else _flag(match[1]), text)


def _flag(name: str) -> str:
    return _NAMED.get(name) or f"--{name.replace('_', '-')}"


def _command(match: re.Match[str]) -> str:
    group, name, arguments = match.groups()
    command = _COMMANDS.get(name, name.rstrip("_").replace("_", "-"))
    words = ["phenv", group, command]
    words += [_ARGUMENT.sub(_option, part) if "=" in part else "ID" for part in filter(None, arguments.split(", "))]
    return " ".join(words)


def _option(match: re.Match[str]) -> str:
    name, value = match.groups()
    if value in (None, "True"):
        return _flag(name)
    if value == "False":
        return f"no {_flag(name)}"
    if value == "…":
        return f"{_flag(name)} {name.upper().replace('_', '-')}"
    return f"{_flag(name)} {value.strip('[]').strip(chr(34))}"
