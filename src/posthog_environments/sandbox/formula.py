"""Formulas over series: numbers, the letters A to Z, + - * / % ** and brackets, as on servers since 2025.

A recursive descent parser, so that no text is ever executed. A division by zero is 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Final

Value = Callable[[Mapping[str, float]], float]

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<letter>[A-Za-z](?![A-Za-z0-9_]))|(?P<sign>\*\*|[-+*/%()]))"
)
_DEEPEST: Final = 50
_LONGEST: Final = 1000


class FormulaError(ValueError):
    """The text is not a formula."""


class Formula:
    """A parsed formula; call it with the values of its letters."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.letters: set[str] = set()
        self._tokens = _tokens(text)
        self._at = 0
        self._value = self._sum(0)
        if self._at < len(self._tokens):
            raise FormulaError(f"The formula cannot be read from {self._tokens[self._at]!r} on.")

    def __call__(self, values: Mapping[str, float]) -> float:
        """Return the value; 0 if it is not a finite number."""
        try:
            value = self._value(values)
        except (ArithmeticError, ValueError):
            return 0.0
        return value if math.isfinite(value) else 0.0

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _sum(self, depth: int) -> Value:
        if depth > _DEEPEST:
            raise FormulaError("The formula is nested too deeply.")
        left = self._product(depth)
        while self._peek() in {"+", "-"}:
            left = _joined(self._next(), left, self._product(depth))
        return left

    def _product(self, depth: int) -> Value:
        left = self._power(depth)
        while self._peek() in {"*", "/", "%"}:
            left = _joined(self._next(), left, self._power(depth))
        return left

    def _power(self, depth: int) -> Value:
        if depth > _DEEPEST:
            raise FormulaError("The formula is nested too deeply.")
        if self._peek() in {"-", "+"}:
            sign = -1.0 if self._next() == "-" else 1.0
            inner = self._power(depth + 1)
            return lambda values: sign * inner(values)
        base = self._atom(depth)
        if self._peek() != "**":
            return base
        self._next()
        return _joined("**", base, self._power(depth + 1))

    def _atom(self, depth: int) -> Value:
        token = self._next()
        if token == "(":  # noqa: S105 - not that kind of token
            inner = self._sum(depth + 1)
            if self._next() != ")":
                raise FormulaError("A bracket of the formula is not closed.")
            return inner
        if token.isalpha():
            letter = token.upper()
            self.letters.add(letter)
            return lambda values: values[letter]
        if token and token[0] in ".0123456789":
            number = float(token)
            return lambda _: number
        raise FormulaError(
            f"The formula has {token!r} where a value should be." if token else "The formula ends too early."
        )


def _joined(sign: str, left: Value, right: Value) -> Value:
    work = _SIGNS[sign]
    return lambda values: work(left(values), right(values))


_SIGNS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else 0.0,
    "%": lambda a, b: a % b if b else 0.0,
    "**": math.pow,
}


def _tokens(text: str) -> list[str]:
    if len(text) > _LONGEST:
        raise FormulaError("The formula is too long.")
    found: list[str] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise FormulaError(f"The formula cannot be read from {text[at : at + 10].strip()!r} on.")
        found.append(match.group().strip())
        at = match.end()
    return found
