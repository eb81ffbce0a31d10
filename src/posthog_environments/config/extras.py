"""Packages of the extras, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["import_extra"]


def import_extra(module: str, extra: str, what: str) -> Any:
    """Import a module for `what`. It comes as Any, because such packages have no types, or looser ones than ours.

    Raises:
        ModuleNotFoundError: The extra is not installed; the message says how to get it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name != package:
            raise
        message = f"{what} need {package}: pip install 'posthog-environments[{extra}]'"
        raise ModuleNotFoundError(message, name=package) from None
