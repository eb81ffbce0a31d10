"""Wording: replace Python arguments and calls in messages by options and commands of `phenv`."""

from __future__ import annotations

import re
from functools import cache
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
_NAMED: Final = {"events": "--event", "actions": "--action", "properties": "--property"}
# Options of some commands alone; the others have tables of their own.
_FEW: Final = (
    "timeout", "page_size", "offset", "limit", "delete_events", "delete_recordings", "keep_person", "keep_ids",
    "using", "by",
)  # fmt: skip

_CALL: Final = re.compile(r"(?:env\.)?\b(persons|insights)\.([a-z_]+)\(([^()]*)\)")
_PROP: Final = re.compile(r"\bprop\('([^']*)'\)(?:\.value(?:\[\d+\])?)?:")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds an argument with its value, and what finds a word that can only be the name of an argument."""
    from posthog_environments.config.settings import CONNECTION
    from posthog_environments.operations.insights import TREND_ARGUMENTS
    from posthog_environments.operations.persons import PERSON_FILTERS

    names = dict.fromkeys((*CONNECTION, *_FEW, *PERSON_FILTERS, *TREND_ARGUMENTS, *_NAMED))
    any_name, plain = "|".join(names), "|".join(name for name in names if "_" in name)
    argument = re.compile(rf"(?<![\w?&/-])({any_name})=(\"[^\"]*\"|…|\[[^\]]*\]|True|False|[\w.:/@-]+)?")
    return argument, re.compile(rf"(?<![\w-])({plain})(?![\w(])")


def in_phenv(text: str) -> str:
    """Return a message with options and commands of phenv instead of arguments and calls of Python."""
    argument, name = _patterns()
    for said, instead in _PHRASES:
        text = text.replace(said, instead)
    text = _CALL.sub(_command, text)
    text = _PROP.sub(r"--property \1:", text)
    text = argument.sub(_option, text)
    # A name before a colon at the start is a field of the API, not an argument.
    place = text.partition(":")[0]
    return name.sub(lambda match: match[1] if match[1] == place else _flag(match[1]), text)


def _flag(name: str) -> str:
    return _NAMED.get(name) or f"--{name.replace('_', '-')}"


def _command(match: re.Match[str]) -> str:
    group, name, arguments = match.groups()
    command = _COMMANDS.get(name, name.rstrip("_").replace("_", "-"))
    words = ["phenv", group, command]
    argument, _ = _patterns()
    words += [argument.sub(_option, part) if "=" in part else "ID" for part in filter(None, arguments.split(", "))]
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
