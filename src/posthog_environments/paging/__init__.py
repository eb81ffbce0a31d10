"""Paginators: by offset, by page number, and by ranges of time. No I/O."""
