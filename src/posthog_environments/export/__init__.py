"""Exports of persons to files and to standard output."""

from __future__ import annotations
