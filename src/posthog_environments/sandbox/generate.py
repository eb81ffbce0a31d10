"""Generated data: realistic persons and events, the same for the same seed and clock, made in SQL.

All randomness comes from the md5 of seed and number, which is the same on all machines and versions of DuckDB. Persons
are created over the 90 days before now, increasingly many. Some are anonymous, some have no email. All have pageviews,
most sign up, and a paid plan was set by a purchase.
"""

# ruff: noqa: S608 - the only texts put into the SQL are the constants below

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import duckdb

DAYS: Final = 90
MOST_WITH_EVENTS: Final = 100_000
"""Most persons with events, approximately: in a larger sandbox only every n-th person has events."""

_FIRST: Final = (
    "Ada Alan Amara Anouk Barbara Blaise Carl Chen Clara Dana Diego Edith Elif Emmy Erik Fatima Finn "
    "Grace Hana Hugo Ines Ivan Jana Joao Kaito Katya Lena Leo Linus Maria Mei Mia Milo Nadia Niels Noor "
    "Olga Omar Paula Petra Priya Quinn Rafa Rosa Sami Sara Sven Tara Theo Tim Uma Vera Viktor Wanda Wei "
    "Xenia Yara Yuki Zara Zoe Aino Bela Cleo Dov"
)
_LAST: Final = (
    "Abbot Acker Adeyemi Almeida Bauer Bergman Brandt Byrne Castro Chandra Costa Dahl Diaz Dubois Eriksen "
    "Farrow Fischer Fontaine Garcia Haas Hansen Hopper Ito Ivanova Jansen Jones Kaur Keller Kim Kovac "
    "Kumar Lang Larsen Lovelace Mbeki Meyer Mori Moreau Nakamura Nilsson Noether Novak Okafor Olsen Patel "
    "Perez Popov Quist Rossi Roy Sato Schulz Silva Singh Smith Sorensen Tanaka Turing Ueda Vogel Wagner "
    "Weber Yilmaz Zhang"
)
_COUNTRIES: Final = ["US", "US", "US", "US", "DE", "DE", "GB", "GB", "FR", "FR", "IN", "IN", "BR", "CA", "ES", "NL"]
_BROWSERS: Final = ["Chrome"] * 8 + ["Safari"] * 4 + ["Firefox"] * 3 + ["Microsoft Edge"]
_SYSTEMS: Final = ["Windows"] * 3 + ["Mac OS X"] * 2 + ["iOS", "Android", "Linux"]
_COMPANIES: Final = ["Acme", "Birch", "Cobalt", "Dune", "Ember", "Fjord", "Gable", "Heron"]
_PATHS: Final = ["/", "/", "/", "/pricing", "/docs", "/docs/start", "/blog", "/account"]


def _words(words: Sequence[str]) -> str:
    return "[" + ", ".join(f"'{word}'" for word in words) + "]"


# The random numbers are bits of the person's digest, twice 64 of them.
_DRAWN: Final = f"""
CREATE OR REPLACE TEMP TABLE drawn AS
SELECT *,
    concat('u-', lpad(i::VARCHAR, 7, '0')) AS known_as,
    CASE WHEN rank < 6 THEN NULL ELSE concat(given, ' ', family) END AS full_name,
    CASE WHEN rank < 12 THEN NULL ELSE concat(lower(given), '.', lower(family), i,
        CASE WHEN rank >= 98 THEN '@sandbox.test' WHEN rank >= 60 THEN concat('@', lower(company), '.example')
             ELSE '@mail.example' END) END AS email,
    CASE WHEN rank < 12 THEN 'free' WHEN (up >> 40) & 7 < 2 THEN 'pro' WHEN (up >> 40) & 7 = 2 THEN 'enterprise'
         ELSE 'free' END AS plan,
    CASE WHEN (i - 1) % $every = 0 THEN 3 + (((up >> 44) & 15) * ((up >> 48) & 15) // 15)::BIGINT ELSE 0 END AS moves
FROM (
    SELECT i, h, lo, up, lo % 100 AS rank,
        $now::TIMESTAMP - to_microseconds(
            ({DAYS} * 86400e6 * (1 - pow((i - 1 + ((lo >> 40) & 1023) / 1024.0) / $n, 0.7)))::BIGINT) AS created_at,
        {_words(_FIRST.split())}[1 + ((lo >> 8) & 63)::INTEGER] AS given,
        {_words(_LAST.split())}[1 + ((lo >> 14) & 63)::INTEGER] AS family,
        {_words(_COUNTRIES)}[1 + ((lo >> 20) & 15)::INTEGER] AS country,
        {_words(_BROWSERS)}[1 + ((lo >> 24) & 15)::INTEGER] AS browser,
        {_words(_SYSTEMS)}[1 + ((lo >> 28) & 7)::INTEGER] AS os,
        {_words(_COMPANIES)}[1 + ((lo >> 31) & 7)::INTEGER] AS company, 18 + (up >> 8) % 62 AS age,
        concat(substr(g, 1, 12), '4', substr(g, 14, 3), '9', substr(g, 18))::UUID AS device
    FROM (
        SELECT *, md5_number_lower(concat($seed, ':', i)) AS lo, md5_number_upper(concat($seed, ':', i)) AS up
        FROM (SELECT $n - range AS i, md5(concat($seed, ':', i)) AS h, md5(concat($seed, ':device:', i)) AS g
              FROM range($n))
    )
)
"""


def _state(plan: str) -> str:
    return f"""
concat('{{', CASE WHEN email IS NULL THEN '' ELSE concat('"email":"', email, '",') END,
    CASE WHEN full_name IS NULL THEN '' ELSE concat('"name":"', full_name, '","company":"', company, '",') END,
    '"plan":"', {plan}, '","age":', age, ',"country":"', country, '","$os":"', os, '","$browser":"', browser,
    '","newsletter":', CASE WHEN (up >> 20) & 3 = 0 THEN 'true' ELSE 'false' END,
    ',"$initial_referring_domain":"', CASE WHEN (up >> 22) & 1 = 0 THEN '$direct' ELSE 'search.example' END, '"}}')
"""


_PERSONS: Final = f"""
INSERT INTO staged_persons
SELECT i, concat(substr(h, 1, 12), '4', substr(h, 14, 3), '8', substr(h, 18))::UUID AS uuid, created_at, NULL,
    full_name IS NOT NULL, email,
    {_state("plan")},
    CASE WHEN full_name IS NULL THEN concat('["', device, '"]')
         WHEN (up >> 30) & 1 = 0 THEN concat('["', known_as, '"]')
         ELSE concat('["', known_as, '","', device, '"]') END,
    NULL
FROM drawn
"""

_DISTINCT_IDS: Final = """
INSERT INTO distinct_ids
SELECT CASE WHEN full_name IS NULL THEN device::VARCHAR ELSE known_as END, i FROM drawn
UNION ALL
SELECT device::VARCHAR, i FROM drawn WHERE full_name IS NOT NULL AND (up >> 30) & 1 = 1
"""

_EVENTS: Final = f"""
INSERT INTO events
SELECT row_number() OVER (ORDER BY happened_at, i, j), happened_at, event, i,
    CASE WHEN full_name IS NULL THEN device::VARCHAR ELSE known_as END, md5(concat(i, ':', happened_at::DATE)),
    CASE event
        WHEN 'purchase' THEN concat('{{"amount":', (499 + (dice >> 16) % 20000) / 100.0, ',"currency":"EUR","items":',
            1 + (dice >> 40) % 4, ',"$browser":"', browser, '","$os":"', os, '"}}')
        WHEN 'signup' THEN concat('{{"method":"', CASE WHEN dice & 1 = 0 THEN 'email' ELSE 'sso' END,
            '","$browser":"', browser, '","$os":"', os, '"}}')
        ELSE concat('{{"$pathname":"', path, '","$current_url":"https://shop.example', path,
            '","$browser":"', browser, '","$os":"', os, '","$screen_width":', 1280 + ((dice >> 8) & 3) * 320, '}}')
    END,
    CASE WHEN j = 0 THEN {_state("'free'")}
         WHEN j = moves - 1 AND plan <> 'free' THEN concat('{{"plan":"', plan, '"}}') END,
    NULL
FROM (
    SELECT *, {_words(_PATHS)}[1 + ((dice >> 4) & 7)::INTEGER] AS path,
        CASE WHEN j = 0 THEN '$pageview' WHEN j = 1 AND full_name IS NOT NULL THEN 'signup'
             WHEN j = moves - 1 AND plan <> 'free' THEN 'purchase'
             WHEN full_name IS NOT NULL AND (dice >> 32) % 8 = 0 THEN 'purchase' ELSE '$pageview' END AS event,
        CASE WHEN j = 0 THEN created_at ELSE created_at + to_microseconds(
            (epoch_us($now::TIMESTAMP) - epoch_us(created_at)) * (j * 1000 - ((dice >> 48) % 1000)::BIGINT)
            // (moves * 1000)) END AS happened_at
    FROM (SELECT *, md5_number_lower(concat($seed, ':', i, ':', j)) AS dice
          FROM (SELECT *, unnest(range(moves)) AS j FROM drawn WHERE moves > 0))
)
ORDER BY happened_at, i, j
"""

_SEEN: Final = """
UPDATE staged_persons SET last_seen_at = seen.happened_at
FROM (SELECT person_id, max(timestamp) AS happened_at FROM events GROUP BY person_id) seen
WHERE seen.person_id = staged_persons.id
"""


def load(cursor: duckdb.DuckDBPyConnection, persons: int, seed: int, now: datetime) -> None:
    """Generate so many persons, and their events up to now."""
    every = max(1, -(-persons // MOST_WITH_EVENTS))
    cursor.execute(_DRAWN, {"n": persons, "seed": str(seed), "now": now, "every": every})
    cursor.execute(_PERSONS)
    cursor.execute(_DISTINCT_IDS)
    cursor.execute(_EVENTS, {"seed": str(seed), "now": now})
    cursor.execute(_SEEN)
    cursor.execute("DROP TABLE drawn")
