"""Persons and trends as data sources of Spark, read by its workers. Needs the extra `spark`, on the workers as well.

    from posthog_environments.spark import register

    register(spark)
    people = spark.read.format("posthog_persons").option("project_id", "12345").load()

The key comes from POSTHOG_PERSONAL_API_KEY on driver and workers, or from a function of your own (`key_provider`). It
is never an option, so that it is in no plan, log or page of Spark's UI.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from posthog_environments.spark.reports import JobReport, read_report

try:
    from posthog_environments.spark.persons import PersonsDataSource
    from posthog_environments.spark.trend import TrendDataSource
except ImportError as error:
    raise ImportError(
        "posthog_environments.spark needs PySpark 4 and pyarrow: pip install 'posthog-environments[spark]'",
        name=error.name,
    ) from error

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["JobReport", "PersonsDataSource", "TrendDataSource", "read_report", "register"]


def register(spark: SparkSession) -> None:
    """Register both sources, `posthog_persons` and `posthog_trend`, in a session."""
    spark.dataSource.register(PersonsDataSource)
    spark.dataSource.register(TrendDataSource)
