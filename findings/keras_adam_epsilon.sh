#!/bin/sh
# Keras 3.15.1: Adam's epsilon is not the one of its paper's algorithm: it is added before the second moment's correction,
# which divides it by sqrt(1 - beta_2^t). With a gradient of epsilon's size the first step is 0.031 of the rate, not half.
# Guess: 0.5, from rate * m / (sqrt(v) + epsilon), as other frameworks take it (the paper's closing remark has Keras's form).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" keras==3.15.1 jax==0.10.0 numpy==2.4.6
PYTHONPATH="$folder" KERAS_BACKEND=jax python3 - <<'END'
import keras
import numpy as np

theta = keras.Variable(np.array([1.0], dtype="float32"))
adam = keras.optimizers.Adam(learning_rate=1.0, epsilon=1e-3)
adam.build([theta])
path = [1.0]
for _ in range(100):
    adam.apply([np.array([1e-3], dtype="float32")])
    path.append(float(np.array(theta)[0]))
first, last = path[0] - path[1], path[-2] - path[-1]
print("gradient = epsilon, rate 1: first step %.4f, hundredth %.4f; by the algorithm 0.5 each" % (first, last))
assert abs(first - 0.0307) < 1e-3 and abs(last - 0.236) < 5e-3, "Adam has changed"
END
