"""Many changes at once, as call generators for both clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from posthog_environments.config.defaults import LONG_WAIT

if TYPE_CHECKING:
    import os

    from posthog_environments.bulk.inputs import By
    from posthog_environments.bulk.jobs import Job, Using
    from posthog_environments.bulk.outcomes import BulkOutcome, BulkProgress, BulkReport
    from posthog_environments.bulk.run_outcomes import Callbacks
    from posthog_environments.calls.messages import CallGenerator
    from posthog_environments.calls.state import CallContext
    from posthog_environments.operations.persons import PersonKey

__all__ = ["delete_many", "update_many"]

# The rest of this package is imported when a job starts: most programs never start one.
Place: TypeAlias = "str | os.PathLike[str]"


def delete_many(
    context: CallContext,
    ids: Iterable[PersonKey],
    *,
    journal: Place | None = None,
    by: By = "id",
    using: Using = "auto",
    delete_events: bool = False,
    delete_recordings: bool = False,
    keep_person: bool = False,
    keep_ids: Place | None = None,
    dry_run: bool = False,
    retry_unknown: bool = False,
    confirm: Callable[[BulkReport], bool] | None = None,
    on_outcome: Callable[[BulkOutcome], object] | None = None,
    on_progress: Callable[[BulkProgress], object] | None = None,
    timeout: float | None = None,
) -> CallGenerator[BulkReport]:
    """Delete many persons, with a journal of each step, so that the job can continue after any interruption.

    Persons who are not named by a uuid are looked up first. Then all are deleted, up to 1,000 with one request if the
    server supports it. Ambiguous inputs are refused. After a crash, a full disk or an error, the same call with the
    same journal continues the job: settled inputs are not done again, and a person whose deletion may have happened is
    looked up first. A journal of another job is refused, and so is one that another process uses.

    Args:
        ids: Integer ids, uuids or `Person`s; or, with `by`, distinct ids or emails. Blanks around an id or email are
            ignored. Anything but a plain value is refused.
        journal: Path of the journal, a file of JSON Lines, created with mode 0600. It contains uuids, but no API key,
            email or distinct id. Required unless `dry_run` is set. With a dry run it keeps the look-ups, which the next
            run uses for a day.
        by: What the ids are: "id", "distinct_id" or "email"; or "auto", whatever each looks like. With "auto" an input
            is looked up as everything that it may be, and refused if that gives two persons.
        using: "auto", in bulk if the server supports it, else one by one; "bulk", in bulk or not at all; "single", one
            by one.
        delete_events: Whether to queue the deletion of all events of the persons, too; see `delete`.
        delete_recordings: Whether to queue the deletion of the recordings of the persons, too. Only in bulk.
        keep_person: Whether to keep the persons, and delete only their events or recordings. Only in bulk.
        keep_ids: Path of a file of JSON Lines, created with mode 0600. The distinct ids of each person are written to
            it before the person is deleted. Without them, events that are left cannot be found.
        dry_run: Whether to look up the persons only. What would be done is "pending".
        retry_unknown: Whether to retry what an earlier run left as "unknown": persons who still exist are deleted.
        confirm: Called once before the first change, with a report of what would be done. If it returns False, nothing
            is done.
        on_outcome: Called with each outcome when it is in the journal, outcomes of earlier runs included.
        on_progress: Called with the progress, and how long the documented rate limits will delay the rest.
        timeout: Seconds for each request; the default is that of the client. A request waits for the rate limiter up to
            an hour, unless the client has another `max_wait`.

    Returns:
        A report with one outcome for each id.

    Raises:
        ConfigurationError: The journal cannot be used, belongs to another job, or another process uses it.
        JournalError: The journal cannot be written; the job has stopped.
        AuthenticationError, PermissionDeniedError, RateLimitError, TransportError: All requests would fail; the job has
            stopped, and the rest is pending.
        TypeError, ValueError: An argument is invalid; the message lists all wrong ids. Nothing was sent.

    Source: "Delete environments persons" of the vendor's page, once for each; see `delete`. Bulk deletion is not on the
    page; from posthog/api/person.py.
    """
    from posthog_environments.bulk.jobs import deletions_of
    from posthog_environments.bulk.run_outcomes import Callbacks

    job = deletions_of(
        ids, by, delete_events=delete_events, delete_recordings=delete_recordings, keep_person=keep_person, using=using
    )
    return _run(
        context.but(timeout), job, Callbacks(confirm, on_outcome, on_progress), journal=journal, keep_ids=keep_ids,
        dry_run=dry_run, retry_unknown=retry_unknown,
    )  # fmt: skip


def update_many(
    context: CallContext,
    changes: Iterable[Mapping[str, Any]] | Mapping[Any, Mapping[str, Any]],
    *,
    journal: Place | None = None,
    dry_run: bool = False,
    retry_unknown: bool = False,
    confirm: Callable[[BulkReport], bool] | None = None,
    on_outcome: Callable[[BulkOutcome], object] | None = None,
    on_progress: Callable[[BulkProgress], object] | None = None,
    timeout: float | None = None,
) -> CallGenerator[BulkReport]:
    """Change properties of many persons, with a journal of each step; see `delete_many`.

    If a change may have happened and the person does not show it, the change is "unknown" and not repeated, because
    servers apply changes with a delay. `retry_unknown` repeats it.

    Args:
        changes: One mapping for each change: the person as "id", "distinct_id" or "email", and either "set", a
            mapping of properties, or "unset", the name of one to delete. Or one mapping of ids to properties to set.
        journal: Path of the journal; see `delete_many`. It contains names of properties, but no values.
        dry_run: Whether to look up the persons only. What would be done is "pending".
        retry_unknown: Whether to retry what an earlier run left as "unknown".
        confirm: Called once before the first change, with a report of what would be done. If it returns False, nothing
            is done.
        on_outcome: Called with each outcome when it is in the journal, outcomes of earlier runs included.
        on_progress: Called with the progress, and how long the documented rate limits will delay the rest.
        timeout: Seconds for each request; the default is that of the client. A request waits for the rate limiter up to
            an hour, unless the client has another `max_wait`.

    Returns:
        A report with one outcome for each change.

    Raises:
        ConfigurationError: The journal cannot be used, belongs to another job, or another process uses it.
        JournalError: The journal cannot be written; the job has stopped.
        AuthenticationError, PermissionDeniedError, RateLimitError, TransportError: All requests would fail; the job has
            stopped, and the rest is pending.
        TypeError, ValueError: An argument is invalid; the message lists all wrong changes. Nothing was sent.

    Source: "Update environments persons" and "Create environments persons delete property" of the vendor's page, once
    for each; see `update` and `delete_property`.
    """
    from posthog_environments.bulk.jobs import changes_of
    from posthog_environments.bulk.run_outcomes import Callbacks

    return _run(
        context.but(timeout), changes_of(changes), Callbacks(confirm, on_outcome, on_progress), journal=journal,
        keep_ids=None, dry_run=dry_run, retry_unknown=retry_unknown,
    )  # fmt: skip


def _run(
    context: CallContext,
    job: Job,
    callbacks: Callbacks,
    *,
    journal: Place | None,
    keep_ids: Place | None,
    dry_run: bool,
    retry_unknown: bool,
) -> CallGenerator[BulkReport]:
    from posthog_environments.bulk.file import JournalFile, KeptIds
    from posthog_environments.bulk.journal_writer import JournalWriter
    from posthog_environments.bulk.run import Run

    if journal is None and not dry_run:
        raise ValueError(
            "journal is missing: give the path of a file for the journal of each step, so that the job can continue "
            "after a crash. Only a dry run needs none."
        )
    file = None if journal is None else JournalFile(journal)
    kept = None if keep_ids is None else KeptIds(keep_ids, context.client.now)
    if file is not None and kept is not None and file.path.absolute() == kept.path.absolute():
        raise ValueError("keep_ids names the journal; give it a file of its own.")
    writer = JournalWriter(context.client, job, file, dry_run=dry_run)
    if context.options.max_wait is None:
        context = replace(context, options=context.options.but(max_wait=LONG_WAIT))
    return Run(context, job, writer, callbacks, retry_unknown=retry_unknown, kept=kept).run()
