"""`python -m posthog_environments.cli` is `phenv`."""

import sys

from posthog_environments.cli import main

sys.exit(main())
