"""Persons and trends as rows, for dlt and Spark."""
