#!/bin/sh
# Keras 3.15.1: the alpha of the Tversky loss multiplies the misses and beta the false alarms, the other way round than its
# page says. Guess: alpha=1, beta=0 punishes false alarms alone, so a prediction that only misses costs nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" keras==3.15.1 jax==0.10.0 numpy==2.4.6
PYTHONPATH="$folder" KERAS_BACKEND=jax python3 - <<'END'
import keras
import numpy as np

target, missed, alarmed = (np.array([row]) for row in ([1.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]))
loss = keras.losses.Tversky(alpha=1.0, beta=0.0)
found = [round(float(loss(target, prediction)), 3) for prediction in (missed, alarmed)]
print("alpha=1, beta=0: a miss costs", found[0], "and a false alarm", found[1])
assert found == [0.5, 0.0], "Tversky has changed"
END
