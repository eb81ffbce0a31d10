"""Whether the deletion of a person's events was queued, as far as the server shows it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from posthog_environments.bulk.decisions import Decision
from posthog_environments.errors import APIStatusError
from posthog_environments.operations.deletions import deletion_status

if TYPE_CHECKING:
    from posthog_environments.calls.messages import CallGenerator
    from posthog_environments.calls.state import CallContext
    from posthog_environments.results.models import DeletionStatus

__all__ = ["are_queued", "row_of"]

# Servers of before have no such list, and a key may not be let at it: then nothing is known, and nothing is wrong.
_NOT_THERE: Final = frozenset({400, 403, 404, 405})


def are_queued(context: CallContext, uuid: str, since: datetime | None) -> CallGenerator[Decision | None]:
    """Decide by the server's list whether what is not known was done; None where it does not show."""
    row = yield from row_of(context, uuid, since)
    if row is None:
        return None
    return Decision("done", "the server lists the deletion of the events")


def row_of(context: CallContext, uuid: str, since: datetime | None) -> CallGenerator[DeletionStatus | None]:
    """Find the newest row for a person; None where there is none, or only of a deletion that was over before `since`.

    Of the same person there may be older rows: servers give whoever comes back the same uuid.
    """
    listing = deletion_status(context, id=uuid, page_size=10)
    paginator = listing.paginator()
    assert paginator.cursor is not None
    try:
        page = yield from listing.fetch(paginator.cursor)
    except APIStatusError as error:
        if error.status_code in _NOT_THERE:
            return None
        raise
    for row in paginator.consume(page):
        over = row.delete_verified_at
        if row.person_uuid == uuid and (over is None or since is None or over >= since):
            return row
    return None
