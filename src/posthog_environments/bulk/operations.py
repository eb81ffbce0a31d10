"""Many changes at once, as flows for both clients. What they do is in `run`."""

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

# The rest of this package is imported when a job is begun: most programs never do.
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
    """Delete many persons, and write down each step in a journal, so that the job can go on after anything.

    First everybody is looked up who is not named by a uuid; then they are deleted, up to 1,000 with one request where
    the server does that. Whoever is named ambiguously is refused. The same call with the same journal goes on after a
    crash, a full disk or an error: what is settled is not done again, and where a delete may have happened the person
    is looked at first. A journal of another job is refused, and so is one that another process is working with.

    Args:
        ids: Integer ids, uuids or `Person`s; or with `by` distinct ids or emails. Blanks at the ends of an id or email
            do not count; what is not plainly one is refused.
        journal: Path of the journal, a file of JSON Lines that is made with mode 0600. It holds no key and no email or
            distinct id, but uuids. Needed unless it is a dry run; of a dry run it keeps whom it found, for a day, so
            that the run that follows need not look them up again.
        by: What the ids are: "id", "distinct_id" or "email"; or "auto", each what it looks like, and looked up as
            everything that it may be: one that finds two different persons is refused.
        using: "auto", many at once where the server does that, else one by one; "bulk", many at once or not at all;
            "single", one by one.
        delete_events: Whether to queue the deletion of all events of these persons as well; see `delete`.
        delete_recordings: Whether to queue the deletion of the recordings of these persons as well. Only many at once.
        keep_person: Whether to keep the persons, and delete only what is asked for besides. Only many at once.
        keep_ids: Path of a file of JSON Lines, made with mode 0600, into which the distinct ids of each person are
            written before the person goes. Without it they are lost, and with them the way to events that stay.
        dry_run: Whether only to look everybody up, and to change nothing: what would be done is "pending".
        retry_unknown: Whether to take up again what an earlier run left as "unknown": who is still there is deleted.
        confirm: Asked once, before the first change, with what would be done; if it returns False nothing is.
        on_outcome: Called with each outcome as soon as it is written down, those of earlier runs included.
        on_progress: Called with how far the job is, and how long the documented quota will make it wait.
        timeout: Seconds for each request, instead of the client's. For the quota a request waits up to an hour, unless
            the client has another `max_wait`.

    Returns:
        A report with an outcome for each id, whose numbers add up.

    Raises:
        ConfigurationError: The journal cannot be used, is of another job, or another process works with it.
        JournalError: The journal cannot be written; the job has stopped.
        AuthenticationError, PermissionDeniedError, RateLimitError, TransportError: Something that concerns all; the
            job has stopped, and the rest is pending.
        TypeError, ValueError: Something is wrong with the arguments; all wrong ids are named. Nothing was sent.

    Source: "Delete environments persons" of the vendor's page, once for each; see `delete`. Many at once is not on the
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
    """Change properties of many persons, and write down each step in a journal; see `delete_many`.

    Where a change may have happened and the person does not show it, it is "unknown" and not repeated, for servers
    carry changes out a little later; `retry_unknown` repeats it.

    Args:
        changes: One mapping for each change: the person as "id", "distinct_id" or "email", and either "set", a
            mapping of properties, or "unset", the name of one to delete. Or one mapping of ids to properties to set.
        journal: Path of the journal; see `delete_many`. Names of properties are written into it, values are not.
        dry_run: Whether only to look everybody up, and to change nothing: what would be done is "pending".
        retry_unknown: Whether to take up again what an earlier run left as "unknown".
        confirm: Asked once, before the first change, with what would be done; if it returns False nothing is.
        on_outcome: Called with each outcome as soon as it is written down, those of earlier runs included.
        on_progress: Called with how far the job is, and how long the documented quota will make it wait.
        timeout: Seconds for each request, instead of the client's. For the quota a request waits up to an hour, unless
            the client has another `max_wait`.

    Returns:
        A report with an outcome for each change, whose numbers add up.

    Raises:
        ConfigurationError: The journal cannot be used, is of another job, or another process works with it.
        JournalError: The journal cannot be written; the job has stopped.
        AuthenticationError, PermissionDeniedError, RateLimitError, TransportError: Something that concerns all; the
            job has stopped, and the rest is pending.
        TypeError, ValueError: Something is wrong with the arguments; all wrong changes are named. Nothing was sent.

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
    hooks: Callbacks,
    *,
    journal: Place | None,
    keep_ids: Place | None,
    dry_run: bool,
    retry_unknown: bool,
) -> CallGenerator[BulkReport]:
    from posthog_environments.bulk.file import JournalFile
    from posthog_environments.bulk.journal_writer import JournalWriter
    from posthog_environments.bulk.keep import KeptIds
    from posthog_environments.bulk.run import Run

    if journal is None and not dry_run:
        raise ValueError(
            "journal is missing: give the path of a file in which each step is written down, so that the job can go "
            "on after a crash. Only a dry run does without."
        )
    file = None if journal is None else JournalFile(journal)
    kept = None if keep_ids is None else KeptIds(keep_ids, context.client.now)
    if file is not None and kept is not None and file.path.absolute() == kept.path.absolute():
        raise ValueError("keep_ids names the journal; give it a file of its own.")
    writer = JournalWriter(context.client, job, file, dry_run=dry_run)
    return Run(_patient(context), job, writer, hooks, retry_unknown=retry_unknown, kept=kept).run()


def _patient(context: CallContext) -> CallContext:
    if context.options.max_wait is not None:
        return context
    return replace(context, options=context.options.but(max_wait=LONG_WAIT))
