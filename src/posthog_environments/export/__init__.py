"""Taking people out: tables of them, for files and for other tools."""

from __future__ import annotations
