"""A small cluster of Spark, all of it on loopback."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["KEY", "MASTER", "kill", "needed", "processes", "session"]

KEY = "phx_pipelines_0123456789abcdef"
MASTER = "local-cluster[4,1,1024]"
LEAST_JAVA = 17


def needed() -> str:
    """Say what is missing on this machine, and how it is got; empty if nothing is."""
    for module, how in {"pyspark": "make pipelines", "pyarrow": "make pipelines", "dlt": "make pipelines"}.items():
        if importlib.util.find_spec(module) is None:
            return f"{module} is not installed beside {sys.executable}. `{how}` installs it into .venv-pipelines."
    java = shutil.which("java")
    if java is None:
        return "Spark needs Java 17 or newer, and java was not found. Debian: apt-get install openjdk-17-jre-headless"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)', said)
    if match is None or int(match[1]) < LEAST_JAVA:
        return f"Spark needs Java 17 or newer, and this is: {said.strip() or 'one that says nothing'}"
    return ""


@contextmanager
def session(master: str, place: Path) -> Iterator[Any]:
    """Start a session whose parts talk over loopback alone, and which leaves all that it writes in one place."""
    python = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    os.environ.update(python, SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_HOSTNAME="localhost")
    import pyspark
    from pyspark.sql import SparkSession

    os.environ.update(SPARK_LOCAL_DIRS=str(place / "local"), SPARK_HOME=str(Path(pyspark.__file__).parent))
    (place / "events").mkdir(exist_ok=True)

    from posthog_environments.spark import register

    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.port": "0",
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": (place / "events").as_uri(),
        "spark.sql.warehouse.dir": str(place / "warehouse"),
        "spark.executor.memory": "600m",
        "spark.sql.shuffle.partitions": "4",
    }
    builder = SparkSession.builder.master(master).appName("posthog-environments")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    register(spark)
    # Its workers write below the home of Spark, wherever that is.
    work = Path(os.environ["SPARK_HOME"], "work", spark.sparkContext.applicationId)
    (place / "work").symlink_to(work)
    try:
        yield spark
    finally:
        spark.stop()
        shutil.rmtree(work, ignore_errors=True)


def processes(spark: Any, pattern: str) -> list[int]:
    """Find processes that this session started, directly or not, by their command lines."""
    parents, lines = dict[int, int](), dict[int, str]()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text()
            lines[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
        parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
    top = spark.sparkContext._gateway.proc.pid  # noqa: SLF001 - the JVM that it started
    found = []
    for pid, line in lines.items():
        above = pid
        while above in parents and above not in (0, top):
            above = parents[above]
        if above == top and pid != top and re.search(pattern, line):
            found.append(pid)
    return sorted(found)


def kill(pid: int) -> None:
    """End a process that this session started, at once."""
    os.kill(pid, signal.SIGKILL)
