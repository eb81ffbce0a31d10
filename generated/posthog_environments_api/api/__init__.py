# Written by scripts/generate.py from openapi.yaml: do not edit.
"""Contains methods for accessing the API"""
