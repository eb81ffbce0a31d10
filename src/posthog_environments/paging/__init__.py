"""Walks over pages: by offset, by number, by ranges of time. No I/O."""
