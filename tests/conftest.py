"""Settings of every test run, made before anything imports SciPy."""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn's checks of the array API are skipped without it
