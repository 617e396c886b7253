"""`python -m thetastar`: the same as the `thetastar` command."""

import sys

from thetastar.cli import main

sys.exit(main())
