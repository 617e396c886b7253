#!/bin/sh
# Keras 3.15.1: the log-cosh loss of an error of 1e-4 is exactly 0 in float32 (5e-9 is right), of 1e-3 it is off by a fifth.
# Guess: about half the squared error, which float32 holds easily; so the last digits of a fit are invisible to the loss.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" keras==3.15.1 jax==0.10.0 numpy==2.4.6
PYTHONPATH="$folder" KERAS_BACKEND=jax python3 - <<'END'
import keras
import numpy as np

found = {}
for error in (1e-2, 1e-3, 1e-4):
    zero, wrong = np.zeros((1, 1), dtype="float32"), np.full((1, 1), error, dtype="float32")
    found[error] = float(keras.losses.LogCosh()(zero, wrong))
    print("error %g: %.4g, exactly %.4g" % (error, found[error], np.log(np.cosh(error))))
assert found[1e-4] == 0.0 and abs(found[1e-2] / 5e-5 - 1) < 0.05, "LogCosh has changed"
END
