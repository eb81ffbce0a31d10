"""Welcome page at the root: the data of the sandbox, and how to connect."""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

from posthog_environments.sandbox import trend_request
from posthog_environments.sandbox.context import AppContext
from posthog_environments.sandbox.messages import Reply, RequestContext
from posthog_environments.sandbox.sql import Sql

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sandbox of posthog-environments</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
pre {{ padding: 1rem; border: 1px solid #8888; border-radius: 6px; overflow-x: auto; }}
td, th {{ text-align: left; padding: 0 1.5rem 0 0; }} td.n {{ text-align: right; }}
</style></head><body>
<h1>Sandbox</h1>
<p>A local server that answers like PostHog, era {era}. Not affiliated with PostHog.</p>
<table>
<tr><th>Data</th><td>{source}</td></tr>
<tr><th>Persons</th><td>{persons:,}</td></tr>
<tr><th>Its clock says</th><td>{now} UTC</td></tr>
</table>
<h2>Connect</h2>
<pre>export POSTHOG_HOST={host}
export POSTHOG_PROJECT_ID={project}
export POSTHOG_PERSONAL_API_KEY=…   # shown where the sandbox was started</pre>
<pre>curl -H "Authorization: Bearer $POSTHOG_PERSONAL_API_KEY" \\
  '{host}/api/projects/{project}/persons/?limit=3'</pre>
<h2>Events</h2>
<table><tr><th>Event</th><th>Count</th><th>First</th><th>Last</th></tr>
{events}
</table>
<h2>Actions</h2>
<table>{actions}</table>
</body></html>
"""
_SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}


def show(app: AppContext, call: RequestContext) -> Reply:
    """Return the page; it shows no key."""
    split = urlsplit(call.url)
    rows = app.store.rows(
        Sql("SELECT event, count(*), min(timestamp), max(timestamp) FROM events GROUP BY event ORDER BY event LIMIT 50")
    )
    events = "\n".join(
        f"<tr><td>{escape(event)}</td><td class=n>{count:,}</td><td>{first:%Y-%m-%d}</td><td>{last:%Y-%m-%d}</td></tr>"
        for event, count, first, last in rows
    )
    known = list(trend_request.actions(app).items())[:50]
    source = app.store.row(Sql("SELECT value FROM meta WHERE key = 'source'"))
    page = _PAGE.format(
        era=app.settings.era,
        source=escape(source[0] if source else ""),
        persons=(app.store.row(Sql("SELECT count(*) FROM persons")) or (0,))[0],
        now=app.now().strftime("%Y-%m-%d %H:%M"),
        host=escape(f"{split.scheme}://{split.netloc}"),
        project=app.settings.project_id,
        events=events,
        actions="\n".join(f"<tr><td class=n>{number}</td><td>{escape(name)}</td></tr>" for number, name in known),
    )
    return Reply(200, page.encode(), "text/html; charset=utf-8", dict(_SECURITY))
