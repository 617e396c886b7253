#!/bin/sh
# Keras 3.15.1 on JAX: the mean of doubles is computed in single precision and handed back as a double, so a mean, and every
# loss, has seven right digits, though the sum of the same numbers has sixteen.
# Guess: with float64 numbers and floatx "float64" a third is 0.3333333333333333; it is 0.3333333432674408.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" keras==3.15.1 jax==0.10.0 numpy==2.4.6
PYTHONPATH="$folder" KERAS_BACKEND=jax JAX_ENABLE_X64=true python3 - <<'END'
import keras
import numpy as np

keras.config.set_floatx("float64")
numbers = np.full(3, 1 / 3)
mean, total = keras.ops.mean(numbers), keras.ops.sum(numbers)
loss = keras.losses.MeanSquaredError()(np.zeros((1, 3)), numbers[None, :])
print("mean", mean.dtype, repr(float(mean)), "- sum / 3", repr(float(total) / 3), "- loss", repr(float(loss)))
assert str(mean.dtype) == "float64" and 1e-9 < abs(float(mean) - 1 / 3) < 1e-7, "the mean has changed"
assert abs(float(total) / 3 - 1 / 3) < 1e-15 and abs(float(loss) - 1 / 9) > 1e-10, "the sum or the loss has changed"
END
