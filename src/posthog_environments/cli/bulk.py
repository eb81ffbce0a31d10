"""`phenv persons delete` and `update` for many persons, from a file: what will be done, the question, what was done."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click

from posthog_environments.cli.options import usage
from posthog_environments.cli.output import Column, Table, note, print_json, progress
from posthog_environments.errors import ConfigurationError, printable

if TYPE_CHECKING:
    from posthog_environments.bulk.jobs import BulkOutcome, BulkReport, By, Entry
    from posthog_environments.environment import Environment

__all__ = ["bulk_options", "delete_from_file", "update_from_file"]

T = TypeVar("T")
# So many persons are shown before the question, and so many wrong lines.
MOST_SHOWN: Final = 20

_WORDS: Final[Mapping[str, str]] = {
    "done": "done",
    "already_gone": "already gone",
    "refused": "refused",
    "unknown": "unknown",
    "duplicate": "duplicates",
    "pending": "pending",
}


def bulk_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a job of many changes."""
    options = (
        click.option("--journal", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                     help="Where each step is written down; without it FILE.journal.jsonl beside the input."),
        click.option("--dry-run", is_flag=True, help="Only look everybody up, and show what would be done."),
        click.option("--retry-unknown", is_flag=True, help="Take up again what an earlier run left as unknown."),
    )  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


# ----------------------------------------------------------------------------------------------------------- the input


def _lines(source: Path) -> list[tuple[int, str]]:
    """Return the lines that say something, each with its number."""
    try:
        data: bytes = sys.stdin.buffer.read() if str(source) == "-" else source.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{source} cannot be read: {error.strerror}.", click.get_current_context()) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _unusable(source, [f"line {line}: it is not UTF-8"]) from None
    lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), 1)]
    found = [(number, line) for number, line in lines if line and not line.startswith("#")]
    if not found:
        raise _unusable(source, ["it holds nothing but blank lines and comments"])
    return found


def _unusable(source: Path, problems: Sequence[str]) -> click.UsageError:
    more = len(problems) - MOST_SHOWN
    shown = [printable(problem, 300) for problem in problems[:MOST_SHOWN]] + (
        [f"… and {more} more"] if more > 0 else []
    )
    text = "\n".join(f"  {line}" for line in shown)
    return click.UsageError(f"{source} cannot be used; nothing was sent:\n{text}", click.get_current_context())


def _checked(source: Path, lines: Sequence[tuple[int, str]], check: Callable[[int, str], T]) -> list[T]:
    """Check what is on the lines; all lines that are wrong are named."""
    found: list[T] = []
    problems: list[str] = []
    for number, (line, value) in enumerate(lines, 1):
        try:
            found.append(check(number, value))
        except (TypeError, ValueError) as error:
            problems.append(f"line {line}: {error}")
    if problems:
        raise _unusable(source, problems)
    return found


def _change(number: int, text: str) -> Entry:
    from posthog_environments.bulk.jobs import change_of

    try:
        value: object = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} at column {error.colno}.") from None
    except RecursionError:
        raise ValueError("it is nested too deeply.") from None
    return change_of(number, value)


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no number of JSON.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice in one object.")
    return found


# ------------------------------------------------------------------------------------------------------------- the job


def delete_from_file(env: Environment, source: Path, *, by: str, delete_events: bool, **options: Any) -> None:
    """Delete the persons that a file names."""
    kind = cast("By", by.replace("-", "_"))
    lines = _lines(source)
    ids = _checked(source, lines, lambda _, value: _key(kind, value))
    job = _Job(env, source, "delete", [line for line, _ in lines], delete_events=delete_events, **options)
    job.carry_out(partial(env.persons.delete_many, ids, by=kind, delete_events=delete_events))


def _key(kind: By, text: str) -> str:
    from posthog_environments.bulk.jobs import key_of

    try:
        return key_of(kind, text)
    except ValueError:
        if kind != "id":
            raise
        raise ValueError("it is neither a uuid nor an integer id. For emails or distinct ids give --by.") from None


def update_from_file(env: Environment, source: Path, **options: Any) -> None:
    """Make the changes of a file."""
    from posthog_environments.bulk.jobs import contradictions

    lines = _lines(source)
    numbers = [line for line, _ in lines]
    entries = _checked(source, lines, _change)
    problems = [
        f"line {numbers[one - 1]}: {name!r} is changed otherwise on line {numbers[two - 1]}."
        for one, two, name in contradictions(entries)
    ]
    if problems:
        raise _unusable(source, problems)
    changes = [{entry.by: entry.key, **(entry.change.to_json() if entry.change else {})} for entry in entries]
    job = _Job(env, source, "update", numbers, **options)
    job.carry_out(partial(env.persons.update_many, changes))


class _Job:
    """One job on the command line."""

    def __init__(
        self, env: Environment, source: Path, task: str, lines: Sequence[int], *, journal: Path | None,
        dry_run: bool, retry_unknown: bool, yes: bool, as_json: bool, delete_events: bool = False,
    ) -> None:  # fmt: skip
        self._env = env
        self._task = task
        self._lines = lines
        self._delete_events = delete_events
        self._dry_run = dry_run
        self._retry_unknown = retry_unknown
        self._yes = yes
        self._as_json = as_json
        self._journal = journal or self._beside(source)
        self._declined = False
        self._seen: dict[int, BulkOutcome] = {}
        self._plan: BulkReport | None = None
        self._bar = ExitStack()
        self._advance: Callable[..., None] | None = None

    def _beside(self, source: Path) -> Path | None:
        if str(source) != "-":
            return source.with_name(f"{source.name}.journal.jsonl")
        if self._dry_run:
            return None
        raise click.UsageError("The input is read from standard input; say with --journal where to write down what "
                               "is done.", click.get_current_context())  # fmt: skip

    def carry_out(self, call: Callable[..., BulkReport]) -> None:
        """Do it, and say what came of it."""
        if not (self._yes or self._dry_run) and not sys.stdin.isatty():
            raise click.UsageError(
                "There is no terminal to ask on. Give --yes if you are sure, or --dry-run to see what would be done.",
                click.get_current_context(),
            )
        try:
            with self._bar, usage():
                report = call(
                    journal=self._journal, dry_run=self._dry_run, retry_unknown=self._retry_unknown,
                    confirm=self._agreed, on_outcome=self._note,
                )  # fmt: skip
        except ConfigurationError as error:
            raise click.UsageError(printable(str(error), 2000), click.get_current_context()) from None
        except BaseException as error:
            self._say_how_far(error)
            raise
        if self._declined:
            raise click.Abort
        self._say(report)
        if report.refused or report.unknown or (report.pending and not self._dry_run):
            raise click.exceptions.Exit(1)

    def _agreed(self, plan: BulkReport) -> bool:
        """Show what will be done, and ask."""
        self._plan = plan
        if self._yes or not plan.pending:
            return True
        for line in self._described(plan):
            note(line)
        self._declined = not click.confirm(printable(self._question(plan), 1000), err=True)
        return not self._declined

    def _described(self, plan: BulkReport) -> list[str]:
        shown = [outcome for outcome in plan if outcome.state != "duplicate" and not outcome.earlier]
        lines = [f"  {_whom(outcome)}" for outcome in shown[:MOST_SHOWN]]
        more = len(shown) - MOST_SHOWN
        return lines + ([f"  … and {more:,} more; --dry-run shows all"] if more > 0 else [])

    def _question(self, plan: BulkReport) -> str:
        persons = f"{plan.pending:,} person{'' if plan.pending == 1 else 's'}"
        where = f"project {self._env.project_id} at {self._env.host}"
        others = ", ".join(f"{count:,} {_WORDS[state]}" for state, count in plan.counts().items() if count
                           and state != "pending")  # fmt: skip
        besides = f" ({others})" if others else ""
        if self._task == "update":
            return f"Make {plan.pending:,} change{'' if plan.pending == 1 else 's'} in {where}{besides}?"
        events = " AND ALL THEIR EVENTS" if self._delete_events else ", and keep their events"
        return f"Delete {persons}{events}, from {where}{besides}?"

    def _note(self, outcome: BulkOutcome) -> None:
        self._seen[outcome.input] = outcome
        if self._advance is None:
            self._advance = self._bar.enter_context(progress("Persons", total=len(self._plan) if self._plan else None))
        self._advance(1)

    # -------------------------------------------------------------------------------------------------- what was done

    def _say_how_far(self, error: BaseException) -> None:
        """Print what a job came to that has stopped."""
        if self._plan is not None and self._seen:
            from posthog_environments.bulk.jobs import BulkReport

            self._say(BulkReport(tuple(self._seen.get(outcome.input, outcome) for outcome in self._plan)))
        for text in getattr(error, "__notes__", []):
            note(text)

    def _say(self, report: BulkReport) -> None:
        """Print the outcomes."""
        if self._as_json:
            print_json(self._document(report))
            return
        if self._dry_run:
            table = Table(Column("line", width=6, right=True), Column("outcome", width=12), Column("whom", share=3))
            table.show((self._line(outcome), self._word(outcome.state), _whom(outcome)) for outcome in report)
        else:
            for outcome in report:
                if outcome.state in ("refused", "unknown"):
                    note(f"Line {self._line(outcome)}, {_WORDS[outcome.state]}: {_whom(outcome)}")
            table = Table(Column("outcome", width=14), Column("inputs", width=9, right=True))
            table.show([*self._counted(report), ("all", len(report))])
            if all(outcome.earlier or outcome.state == "duplicate" for outcome in report):
                note("Nothing was left to do. If this is a new request, give it a --journal of its own.")
            note(f"Written down in {self._journal}")

    def _line(self, outcome: BulkOutcome) -> int:
        return self._lines[outcome.input - 1]

    def _counted(self, report: BulkReport) -> list[tuple[str, int]]:
        return [(self._word(state), count) for state, count in report.counts().items()]

    def _word(self, state: str) -> str:
        return f"to {self._task}" if self._dry_run and state == "pending" else _WORDS[state]

    def _document(self, report: BulkReport) -> dict[str, Any]:
        fields = ("input", "by", "key", "state", "uuid", "name", "reason", "status", "request_id", "earlier")
        return {
            "task": self._task,
            "delete_events": self._delete_events,
            "dry_run": self._dry_run,
            "journal": str(self._journal) if self._journal and not self._dry_run else None,
            "inputs": len(report),
            **{_WORDS[state].replace(" ", "_"): count for state, count in report.counts().items()},
            "outcomes": [
                {"line": self._line(outcome), **{name: getattr(outcome, name) for name in fields}} for outcome in report
            ],
        }


def _whom(outcome: BulkOutcome) -> str:
    """Describe an input: what it says, whom it means, and what there is to say of it."""
    known = [text for text in (outcome.name, outcome.uuid) if text and text != outcome.key]
    person = f" → {', '.join(known)}" if known else ""
    reason = f" ({outcome.reason})" if outcome.reason else ""
    kind = "" if outcome.by == "id" else f"{outcome.by.replace('_', ' ')} "
    return f"{kind}{outcome.key}{person}{reason}"
