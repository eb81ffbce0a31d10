"""Persons and trends as rows, for dlt, Spark and the command line."""
