"""What goes wrong when an answer is read. Written by scripts/generate.py: do not edit."""

from __future__ import annotations

__all__ = ["DecodeError"]


class DecodeError(ValueError):
    """An answer is not what the contract says. No value of the answer is in the message.

    Attributes:
        path: Where, such as `results[3].uuid`; empty for the whole.
        reason: What was expected, and what came.
        index: Number of the row, from 0, where the answer is a list of rows and one of them is at fault.
        status_code: HTTP status of the answer, if it is known.
        content: The answer as it came, if it is known.
    """

    def __init__(
        self,
        reason: str,
        path: str = "",
        index: int | None = None,
        status_code: int | None = None,
        content: bytes = b"",
    ) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.reason = reason
        self.path = path
        self.index = index
        self.status_code = status_code
        self.content = content

    def __reduce__(self) -> tuple[type[DecodeError], tuple[str, str, int | None, int | None, bytes]]:
        return type(self), (self.reason, self.path, self.index, self.status_code, self.content)
