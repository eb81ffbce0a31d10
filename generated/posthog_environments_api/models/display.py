"""Values known today; servers may take others. Written by scripts/generate.py: do not edit."""

from typing import Literal, TypeAlias

Display: TypeAlias = (
    Literal[
        "ActionsBar",
        "ActionsBarValue",
        "ActionsLineGraph",
        "ActionsLineGraphCumulative",
        "ActionsPie",
        "ActionsTable",
        "BoldNumber",
        "WorldMap",
    ]
    | str
)
