"""What the suite "pipelines" has done in processes of their own, one for each engine: `python -m soak.engines HOW …`.

Each prints one line of JSON: how many persons it has read, how many different ones, a sum over their uuids, and the
seconds that it took from the first request on.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

__all__ = ["HOW"]

SUITES: Final = Path(__file__).parents[1]


def _told(uuids: Iterable[str], begin: float) -> dict[str, Any]:
    found = list(uuids)
    seconds = time.monotonic() - begin
    different = sorted(set(found))
    digest = hashlib.sha256("\n".join(different).encode()).hexdigest()
    return {"rows": len(found), "different": len(different), "sum": digest, "seconds": round(seconds, 1)}


def walk(given: dict[str, Any]) -> dict[str, Any]:
    """Walk over everybody in this process."""
    from posthog_environments import Environment

    begin = time.monotonic()
    with Environment(pacing=given["pacing"], quota=given["quota"], max_wait=3600) as env:
        pager = env.persons.list(page_size=given["page_size"])
        told = _told((person.uuid for person in pager), begin)
        return told | {"complete": pager.report.complete}


def dlt(given: dict[str, Any]) -> dict[str, Any]:
    """Load everybody into DuckDB, and read the table."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    if given["quota"]:
        from soak import scaled  # noqa: F401 - importing it sets the rates
    import dlt as engine

    from posthog_environments.dlt import posthog_persons

    with tempfile.TemporaryDirectory() as folder:
        os.environ["DLT_DATA_DIR"] = folder
        os.chdir(folder)
        destination = engine.destinations.duckdb(f"{folder}/people.duckdb")
        run: Any = engine.pipeline("soak", pipelines_dir=folder, destination=destination, dataset_name="posthog")
        client = {"pacing": given["pacing"], "quota": given["quota"]}
        begin = time.monotonic()
        run.run(posthog_persons(page_size=given["page_size"], client=client))
        with run.sql_client() as sql:
            found = [uuid for (uuid,) in sql.execute_sql("SELECT uuid FROM persons")]
        (resource,) = run.state["sources"]["posthog"]["resources"].values()
        return _told(found, begin) | {"complete": resource["report"]["complete"]}


def spark(given: dict[str, Any]) -> dict[str, Any]:
    """Read everybody with four workers."""
    from posthog_environments.spark import read_report
    from soak.cluster import MASTER, session

    os.environ["PYTHONPATH"] = str(SUITES)
    with tempfile.TemporaryDirectory() as folder, session(MASTER, Path(folder)) as spark:
        options = {
            "partitions": given["partitions"],
            "page_size": given["page_size"],
            "pacing": str(given["pacing"]).lower(),
            "report": f"{folder}/report",
            **({"quota": given["quota"], "key_provider": "soak.scaled:key"} if given["quota"] else {}),
        }
        begin = time.monotonic()
        reader = spark.read.format("posthog_persons")
        for name, value in options.items():
            reader = reader.option(name, value)
        frame = reader.load().select("uuid")
        # Read, and not read again for each action.
        frame.write.parquet(f"{folder}/uuids")
        found = [row.uuid for row in spark.read.parquet(f"{folder}/uuids").toLocalIterator(prefetchPartitions=True)]
        report = read_report(f"{folder}/report")
        return _told(found, begin) | {"complete": report.complete, "partitions": report.partitions}


HOW: Final = {"walk": walk, "dlt": dlt, "spark": spark}

if __name__ == "__main__":
    print("told: " + json.dumps(HOW[sys.argv[1]](json.loads(sys.argv[2]))))
