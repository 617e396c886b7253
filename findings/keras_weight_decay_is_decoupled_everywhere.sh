#!/bin/sh
# Keras 3.15.1: weight_decay of every optimiser, also of Adam, RMSprop, Adagrad and Nadam, shrinks the weights directly, as
# AdamW does; nothing is added to the gradient. So Adam(weight_decay=w) and AdamW(weight_decay=w) are the same.
# Guess: Adam's is L2 as in PyTorch, where a weight of 1 without a gradient goes to 0.9 in a step of rate 0.1.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" keras==3.15.1 jax==0.10.0 numpy==2.4.6
PYTHONPATH="$folder" KERAS_BACKEND=jax python3 - <<'END'
import keras
import numpy as np

found = {}
for name in ("Adam", "AdamW", "RMSprop", "Adagrad", "Nadam", "SGD"):
    theta = keras.Variable(np.array([1.0], dtype="float32"))
    getattr(keras.optimizers, name)(0.1, weight_decay=0.1).apply([np.zeros(1, "float32")], [theta])
    found[name] = round(float(np.array(theta)[0]), 4)
print("a weight of 1 after a step of rate 0.1 with weight_decay 0.1 and no gradient:", found)
assert set(found.values()) == {0.99}, "weight_decay has changed"
END
