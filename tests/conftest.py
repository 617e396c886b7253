"""Settings of every test run, made before anything imports SciPy."""

import os

os.environ.setdefault("SCIPY_ARRAY_API", "1")  # scikit-learn's checks of the array API are skipped without it
# OpenMP's threads sleep where they wait for each other: spinning takes minutes for seconds where cores are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
