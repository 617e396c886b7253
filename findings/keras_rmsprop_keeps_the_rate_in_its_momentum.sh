#!/bin/sh
# Keras 3.15.1: RMSprop's momentum stores steps with the learning rate in them, so after the rate is set to 0 it goes on.
# Guess: a rate of 0 stands still, as in PyTorch, whose momentum is multiplied by the rate of the day.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" keras==3.15.1 jax==0.10.0 numpy==2.4.6
PYTHONPATH="$folder" KERAS_BACKEND=jax python3 - <<'END'
import keras
import numpy as np

theta = keras.Variable(np.array([1.0], dtype="float32"))
rule = keras.optimizers.RMSprop(learning_rate=0.1, momentum=0.9)
rule.build([theta])
gradient = np.array([0.5], dtype="float32")
for _ in range(5):
    rule.apply([gradient])
before = float(np.array(theta)[0])
rule.learning_rate = 0.0
rule.apply([gradient])
moved = before - float(np.array(theta)[0])
print("a step at learning rate 0 moves by %.4f" % moved)
assert moved > 0.1, "RMSprop has changed"
END
