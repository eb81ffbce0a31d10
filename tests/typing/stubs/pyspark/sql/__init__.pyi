from typing import Any

from pyspark.sql.datasource import DataSource

class DataSourceRegistration:
    def register(self, dataSource: type[DataSource]) -> None: ...

class SparkSession:
    builder: Any
    @property
    def dataSource(self) -> DataSourceRegistration: ...
    @property
    def read(self) -> Any: ...
