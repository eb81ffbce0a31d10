"""Puts all forms of the contract into a wheel, made from openapi.yaml as it is built; the editable one needs none."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

import forms


class CustomBuildHook(BuildHookInterface[Any]):
    """What hatchling calls before it builds a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the forms, and name them as files of the wheel."""
        if version != "editable":
            forms.write(forms.ALL)
            build_data["force_include"][str(forms.ALL)] = "posthog_environments/forms"
