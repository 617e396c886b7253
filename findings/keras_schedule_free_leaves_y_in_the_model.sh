#!/bin/sh
# Keras 3.15.1: after training with ScheduleFreeAdamW the model holds y, where gradients are taken, and evaluate() and predict()
# use it. Its page says that x, the average, is for evaluation, but nothing puts it there: it has to be computed by hand from y
# and the optimiser's momentum z, x = (y - (1 - beta_1) z) / beta_1.
# Guess: the model is x when fit() has ended, or when it is evaluated.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" keras==3.15.1 jax==0.10.0 numpy==2.4.6
PYTHONPATH="$folder" KERAS_BACKEND=jax python3 - <<'END'
import keras
import numpy as np

model = keras.Sequential([keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
optimizer = keras.optimizers.ScheduleFreeAdamW(learning_rate=0.5)
model.compile(optimizer=optimizer, loss="mse")
one, zero = np.ones((1, 1), "float32"), np.zeros((1, 1), "float32")
model.fit(one, zero, epochs=3, verbose=0)
y = float(model.get_weights()[0][0, 0])
z = next(float(np.ravel(v)[0]) for v in optimizer.variables if "momentum" in v.path)
x = (y - 0.1 * z) / 0.9
print(f"y = {y:.4f}, x = {x:.4f}; the model's own loss is {model.evaluate(one, zero, verbose=0):.4f}, that of x {x * x:.4f}")
assert abs(y - 0.1816) < 1e-3 and abs(x - 0.2083) < 1e-3, "ScheduleFreeAdamW has changed"
assert abs(model.evaluate(one, zero, verbose=0) - y * y) < 1e-6, "the model is evaluated elsewhere now"
END
