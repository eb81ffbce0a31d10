"""The contract before a running server: requests by chance, described answers, workflows, a mock and a proxy."""

from __future__ import annotations

from typing import Final

from prove.frame import Check
from prove.live import answers, fuzz, mock, ways

CHECKS: Final[tuple[Check, ...]] = (
    *(Check(f"schemathesis, era {era}", fuzz.version, fuzz.strict(era)) for era in fuzz.ERAS),
    Check("schemathesis, with oddities", fuzz.version, fuzz.odd),
    Check("described answers", answers.tool, answers.cover),
    Check("workflows, form", ways.version, ways.lint),
    Check("workflows, run", ways.version, ways.respect),
    Check("mock", mock.version, mock.mock),
    Check("proxy", mock.version, mock.proxy),
)
