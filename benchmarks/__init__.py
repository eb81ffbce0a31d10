"""What the client costs, measured side by side with what one would use instead. Run it as `python -m benchmarks`."""

import sys
from pathlib import Path

# Servers and clocks are those of the campaigns.
sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "suites"))
