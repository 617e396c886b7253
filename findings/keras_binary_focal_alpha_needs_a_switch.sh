#!/bin/sh
# Keras 3.15.1: the alpha of BinaryFocalCrossentropy does nothing unless apply_class_balancing=True is given too; there is no
# warning. CategoricalFocalCrossentropy's alpha acts by itself.
# Guess: alpha=0.9 weighs the positive class nine times as much as the negative one, as in the paper.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" keras==3.15.1 jax==0.10.0 numpy==2.4.6
PYTHONPATH="$folder" KERAS_BACKEND=jax python3 - <<'END'
import keras
import numpy as np

truth, answer = np.array([[1.0], [0.0]]), np.array([[0.6], [0.2]])
plain = [float(keras.losses.BinaryFocalCrossentropy(alpha=alpha)(truth, answer)) for alpha in (0.1, 0.9)]
balanced = [
    float(keras.losses.BinaryFocalCrossentropy(alpha=alpha, apply_class_balancing=True)(truth, answer))
    for alpha in (0.1, 0.9)
]
print("alpha 0.1 and 0.9:", plain, "with apply_class_balancing:", balanced)
assert plain[0] == plain[1] and balanced[0] != balanced[1], "BinaryFocalCrossentropy has changed"
END
