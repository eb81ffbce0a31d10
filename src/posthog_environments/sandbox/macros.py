"""SQL macros of the sandbox's database.

The casts of lists are for older versions of DuckDB, which do not infer the types of macro parameters.

stands(j)    the text of a property in filters on persons, as servers of 2025 extract it from its JSON
semver(t)    a version as a list of numbers, without what follows a dash or plus
number(t)    that text as a number, or NULL; NaN is NULL
moment(t)    that text as a timestamp, to the second, or NULL: ISO, seconds or milliseconds since 1970, written forms
written(t)   a timestamp in the format of the API: microseconds only if there are any
truthy(j)    the JSON of a property that counts as a name: not null, empty, zero or false
called(p, keys, ids, id)   the name of a person, as JSON: the first truthy one of some properties, else a distinct id
             (one that looks like a UUID only if there is no other), else the id
as_text(j)   any JSON value as a JSON string
people_first(ids)   the JSON of distinct ids, with those that look like a UUID last
"""

from __future__ import annotations

from typing import Final

_FORMS: Final = ("%d/%m/%Y", "%d/%m/%Y %H:%M:%S", "%d.%m.%Y", "%d-%m-%Y", "%b %d %Y", "%d %b %Y", "%Y/%m/%d", "%Y%m%d")
_LIST: Final = ", ".join(f"'{form}'" for form in _FORMS)

MACROS: Final = (
    """CREATE OR REPLACE MACRO stands(j) AS CASE
    WHEN j IS NULL THEN ''
    WHEN left(j::VARCHAR, 1) = '"' THEN substr(j::VARCHAR, 2, length(j::VARCHAR) - 2)
    WHEN left(j::VARCHAR, 1) BETWEEN '-' AND '9' AND regexp_matches(j::VARCHAR, '[.eE]')
        THEN regexp_replace(regexp_replace(TRY_CAST(j::VARCHAR AS DOUBLE)::VARCHAR, '\\.0$', ''), 'e([+-])0', 'e\\1')
    ELSE j::VARCHAR END""",
    # Without the slice, older versions of DuckDB compare the texts before the cast.
    """CREATE OR REPLACE MACRO semver(t) AS list_slice(TRY_CAST(
    string_split(nullif(regexp_extract(t, '^v?([0-9]+(?:\\.[0-9]+)*)', 1), ''), '.') AS INTEGER[]), 1, 9)""",
    """CREATE OR REPLACE MACRO number(t) AS CASE
    WHEN isnan(TRY_CAST(replace(t, ' ', '') AS DOUBLE)) THEN NULL ELSE TRY_CAST(replace(t, ' ', '') AS DOUBLE) END""",
    f"""CREATE OR REPLACE MACRO moment_of(t) AS coalesce(
    CASE WHEN regexp_full_match(t, '[0-9]{{9,10}}') THEN make_timestamp(TRY_CAST(t AS BIGINT) * 1000000) END,
    CASE WHEN regexp_full_match(t, '[0-9]{{13}}') THEN make_timestamp(TRY_CAST(t AS BIGINT) * 1000) END,
    TRY_CAST(t AS TIMESTAMPTZ)::TIMESTAMP, try_strptime(t, [{_LIST}]))""",
    """CREATE OR REPLACE MACRO moment(t) AS
    date_trunc('second', coalesce(moment_of(t), moment_of(substr(t, 1, 10))))""",
    """CREATE OR REPLACE MACRO written(t) AS replace(strftime(t, '%Y-%m-%dT%H:%M:%S.%fZ'), '.000000Z', 'Z')""",
    """CREATE OR REPLACE MACRO truthy(j) AS
    CASE WHEN j::VARCHAR NOT IN ('null', '""', '0', '-0', '0.0', '-0.0', 'false', '[]', '{}') THEN j::VARCHAR END""",
    """CREATE OR REPLACE MACRO called(p, keys, ids, id) AS coalesce(
    [truthy(j) FOR j IN CAST(json_extract(p, keys) AS VARCHAR[]) IF truthy(j) IS NOT NULL][1],
    to_json([one FOR one IN CAST(json_extract_string(ids, '$[*]') AS VARCHAR[])
             IF NOT regexp_full_match(one, '([a-z0-9]+-){4}[a-z0-9]+')][1])::VARCHAR,
    json_extract(ids, '/0')::VARCHAR, id::VARCHAR)""",
    """CREATE OR REPLACE MACRO as_text(j) AS CASE WHEN left(j, 1) = '"' THEN j ELSE to_json(j)::VARCHAR END""",
    """CREATE OR REPLACE MACRO people_first(ids) AS (
    SELECT to_json(list_concat(
        [one FOR one IN l IF NOT regexp_full_match(one, '([a-z0-9]+-){4}[a-z0-9]+')],
        [one FOR one IN l IF regexp_full_match(one, '([a-z0-9]+-){4}[a-z0-9]+')]))::VARCHAR
    FROM (SELECT json_extract_string(ids, '$[*]')::VARCHAR[] AS l))""",
)
