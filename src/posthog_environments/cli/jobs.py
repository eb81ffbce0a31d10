"""A job of many changes on the command line: the question, the progress, the outcomes, and how to continue."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import KW_ONLY, asdict, dataclass, field
from datetime import datetime
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from posthog_environments.cli.from_file import MOST_SHOWN, Rows
from posthog_environments.cli.options import usage
from posthog_environments.cli.output import counted, note, print_json, progress
from posthog_environments.cli.tables import TextColumn, TextTable
from posthog_environments.errors import ConfigurationError, printable

if TYPE_CHECKING:
    from posthog_environments.bulk.outcomes import BulkOutcome, BulkProgress, BulkReport
    from posthog_environments.client.environment import Environment

__all__ = ["WORDS", "BulkCommand", "command_line"]

WORDS: Final[Mapping[str, str]] = {
    "done": "done",
    "queued": "queued",
    "already_gone": "already gone",
    "not_found": "not found",
    "refused": "refused",
    "unknown": "unknown",
    "duplicate": "duplicates",
    "pending": "pending",
}


@dataclass
class BulkCommand:
    """One job on the command line."""

    env: Environment
    source: Path
    task: str
    rows: Rows
    flags: Mapping[str, bool]
    _: KW_ONLY
    journal: Path | None
    dry_run: bool
    retry_unknown: bool
    yes: bool
    as_json: bool
    by: str = "id"
    keep_ids: Path | None = None
    declined: bool = field(default=False, init=False)
    seen: dict[int, BulkOutcome] = field(default_factory=dict[int, "BulkOutcome"], init=False)
    plan: BulkReport | None = field(default=None, init=False)
    bar: ExitStack = field(default_factory=ExitStack, init=False)
    stage: str = field(default="", init=False)
    advance: Callable[..., None] = field(default=lambda *_, **__: None, init=False)

    def __post_init__(self) -> None:
        """Put the journal beside the list, unless another path is given."""
        if self.journal is None and str(self.source) != "-":
            self.journal = self.source.with_name(f"{self.source.name}.journal.jsonl")
        elif self.journal is None and not self.dry_run:
            raise click.UsageError("The input is read from standard input, so give a --journal.")

    def carry_out(self, call: Callable[..., BulkReport]) -> None:
        """Run the job, and print the outcomes."""
        if not (self.yes or self.dry_run) and not sys.stdin.isatty():
            raise click.UsageError(
                "There is no terminal to ask on. Give --yes if you are sure, or --dry-run to see what would be done."
            )
        try:
            with self.bar, usage():
                report = call(
                    journal=self.journal, dry_run=self.dry_run, retry_unknown=self.retry_unknown,
                    confirm=self._agreed, on_outcome=self._note, on_progress=self._progress,
                )  # fmt: skip
        except ConfigurationError as error:
            raise click.UsageError(self._explained(error)) from None
        except BaseException as error:
            self._say_progress(error)
            raise
        if self.declined:
            raise click.Abort
        self._say(report)
        if report.not_found or report.refused or report.unknown or (report.pending and not self.dry_run):
            raise click.exceptions.Exit(1)

    def _explained(self, error: ConfigurationError) -> str:
        # Imported on use: help needs none of it.
        from posthog_environments.bulk.journal_writer import JournalMismatch

        if not isinstance(error, JournalMismatch):
            return printable(str(error), 2000)
        return (
            f"The journal {self.journal} is that of another job; different: {error.different}. Nothing was sent.\n"
            f"A new list needs a new journal:\n  {command_line(journal=self._another_journal())}\n"
            "To continue that job, give the command and the list as they were."
        )

    def _another_journal(self) -> str:
        """Return a path for a new journal."""
        source = Path("list") if str(self.source) == "-" else self.source
        today = f"{datetime.now().astimezone():%Y-%m-%d}"
        names = (f"{source.name}.{today}{more}.journal.jsonl" for more in chain([""], (f".{n}" for n in count(2))))
        return str(next(path for path in map(source.with_name, names) if not path.exists()))

    def _agreed(self, plan: BulkReport) -> bool:
        """Show what will be done, and ask for confirmation."""
        self.bar.close()
        self.plan = plan
        if self.yes or not plan.pending:
            return True
        shown = [outcome for outcome in plan if outcome.state != "duplicate" and not outcome.earlier]
        for outcome in shown[:MOST_SHOWN]:
            note(f"  {self._whom(outcome)}")
        if len(shown) > MOST_SHOWN:
            note(f"  … and {len(shown) - MOST_SHOWN:,} more; --dry-run shows all")
        self.declined = not click.confirm(printable(self._question(plan), 1000), err=True)
        return not self.declined

    def _question(self, plan: BulkReport) -> str:
        persons = counted(plan.pending, "person")
        where = f"project {self.env.project_id} at {self.env.host}"
        others = ", ".join(f"{count:,} {WORDS[state]}" for state, count in plan.counts().items() if count
                           and state != "pending")  # fmt: skip
        besides = f" ({others})" if others else ""
        if self.task == "update":
            return f"Make {counted(plan.pending, 'change')} in {where}{besides}?"
        what = [name for name in ("events", "recordings") if self.flags.get(f"delete_{name}")]
        if self.flags.get("keep_person"):
            return f"Delete ALL {' AND '.join(what).upper()} of {persons}, and keep the persons, in {where}{besides}?"
        also = f" AND ALL THEIR {' AND '.join(what).upper()}" if what else ", and keep their events"
        return f"Delete {persons}{also}, from {where}{besides}?"

    # -------------------------------------------------------------------------------------------------------- progress

    def _progress(self, now: BulkProgress) -> None:
        if now.stage != self.stage:
            self.bar.close()
            self.stage = now.stage
            if now.stage == "look-ups":
                note(f"Looking up {counted(now.total, 'person')}.{_wait(now.seconds)}")
                self.advance = self.bar.enter_context(progress("Look-ups", total=now.total))
            elif now.seconds:
                note(f"{counted(now.total, 'person')} to process.{_wait(now.seconds)}")
        elif now.stage == "look-ups":
            self.advance(1)

    def _note(self, outcome: BulkOutcome) -> None:
        if not self.seen:
            total = len(self.plan) if self.plan else None
            self.advance = self.bar.enter_context(progress("Persons", total=total))
        self.seen[outcome.input] = outcome
        self.advance(1)

    # ------------------------------------------------------------------------------------------------------- outcomes

    def _say_progress(self, error: BaseException) -> None:
        """Print the outcomes of a job that has stopped."""
        if self.plan is not None and self.seen:
            from posthog_environments.bulk.outcomes import BulkReport

            self._say(BulkReport(tuple(self.seen.get(outcome.input, outcome) for outcome in self.plan)))
        for text in getattr(error, "__notes__", []):
            note(text)

    def _say(self, report: BulkReport) -> None:
        """Print the outcomes."""
        if self.as_json:
            print_json(self._document(report))
        elif self.dry_run:
            table = TextTable(
                TextColumn("line", width=6, right=True), TextColumn("outcome", width=12), TextColumn("whom", share=3)
            )
            table.show((outcome.input, self._word(outcome.state), self._whom(outcome)) for outcome in report)
        else:
            for outcome in report:
                if outcome.state in ("not_found", "refused", "unknown"):
                    note(f"Line {outcome.input}, {WORDS[outcome.state]}: {self._whom(outcome)}")
            table = TextTable(TextColumn("outcome", width=14), TextColumn("inputs", width=9, right=True))
            counted = [(self._word(state), count) for state, count in report.counts().items()]
            table.show([*counted, ("blank", self.rows.blank), ("all", self.rows.total)])
        self._say_next_steps(report)

    def _say_next_steps(self, report: BulkReport) -> None:
        if self.dry_run:
            if self.journal is not None:
                note("Nothing was changed. The same command without --dry-run can use these look-ups for a day.")
            return
        earlier = sum(outcome.earlier for outcome in report)
        if earlier:
            note(f"{report.new:,} new in this run, {earlier:,} from earlier runs.")
        if all(outcome.earlier or outcome.state == "duplicate" for outcome in report):
            note("Nothing was left to do. If this is a new request, give it its own --journal.")
        self._say_unsettled(report)
        if self.keep_ids is not None:
            with self.keep_ids.open(encoding="utf-8") as kept:
                cut = sum('"complete": false' in line for line in kept)
            more = f"; {counted(cut, 'person')} had exactly 1,000, and may have had more" if cut else ""
            note(f"Distinct ids are kept in {self.keep_ids}{more}.")
        note(f"The journal is {self.journal}")

    def _say_unsettled(self, report: BulkReport) -> None:
        if report.pending:
            note(f"{report.pending:,} pending: the same command continues with them.")
        if report.unknown:
            note(f"{report.unknown:,} unknown: to retry, {command_line(retry_unknown=True)}")
            if self.flags.get("delete_events"):
                note("phenv persons deletion-status UUID shows whether the deletion of events was queued.")
        if report.not_found or report.refused:
            note("Not found or refused: correct those lines in a new list, with its own journal.")
        if report.queued:
            note(f"{report.queued:,} queued, to be deleted soon. To check: phenv journal verify {self.journal}")

    def _word(self, state: str) -> str:
        return f"to {self.task}" if self.dry_run and state == "pending" else WORDS[state]

    def _document(self, report: BulkReport) -> dict[str, Any]:
        return {
            "task": self.task,
            **({"delete_events": False} | dict(self.flags)),
            "dry_run": self.dry_run,
            "journal": str(self.journal) if self.journal else None,
            "inputs": self.rows.total,
            **{WORDS[state].replace(" ", "_"): count for state, count in report.counts().items()},
            "blank": self.rows.blank,
            "new": report.new,
            "outcomes": [{"line": outcome.input, **asdict(outcome)} for outcome in report],
        }

    def _whom(self, outcome: BulkOutcome) -> str:
        """Describe an input, its person, and the reason of its outcome."""
        known = [text for text in (outcome.name, outcome.uuid) if text and text != outcome.key]
        person = f" → {', '.join(known)}" if known else ""
        similar = [", ".join(text for text in (each.name, each.uuid) if text) for each in outcome.similar]
        reason = "; ".join(([outcome.reason] if outcome.reason else []) + [f"similar: {each}" for each in similar])
        kind = "" if outcome.by == "auto" or outcome.by == self.by == "id" else f"{outcome.by.replace('_', ' ')} "
        return f"{kind}{outcome.key}{person}{f' ({reason})' if reason else ''}"


def command_line(**changes: object) -> str:
    """Return the current command, with other values for some options."""
    context = click.get_current_context()
    root = context.find_root()
    program, *path = context.command_path.split()
    return shlex.join([program, *_words(root, {}), *path, *_words(context, changes)])


def _words(context: click.Context, changes: Mapping[str, object]) -> list[str]:
    words: list[str] = []
    for each in context.command.params:
        value = changes.get(each.name or "", context.params.get(each.name or ""))
        if isinstance(each, click.Argument):
            words += [] if value is None else [str(value)]
        elif value is True:
            words.append(each.opts[0])
        elif value not in (None, False, each.get_default(context)):
            words += [each.opts[0], str(value)]
    return words


def _wait(seconds: float) -> str:
    """Say how long the rate limits delay the job, if it is a second or more."""
    if seconds < 1:
        return ""
    minutes = round(seconds / 60)
    return f" The rate limit takes about {f'{minutes} min' if minutes else f'{seconds:.0f} s'}."
