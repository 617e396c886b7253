#!/bin/sh
# skl2onnx 1.20.0: scikit-learn's Normalizer("max") is converted without a word to another function: scikit-learn divides
# by the largest magnitude of a row, the exported model by its largest value with its sign.
# Guess: the same numbers, or a refusal.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" skl2onnx==1.20.0 scikit-learn==1.9.1 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'END'
import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.preprocessing import Normalizer

rows = np.array([[1, -4], [-2, -8], [3, 6]], dtype=np.float32)
scaler = Normalizer("max").fit(rows)
session = onnxruntime.InferenceSession(to_onnx(scaler, rows).SerializeToString(), providers=["CPUExecutionProvider"])
exported = session.run(None, {session.get_inputs()[0].name: rows})[0]
print("scikit-learn", scaler.transform(rows).tolist())
print("exported    ", exported.tolist())
assert np.allclose(scaler.transform(rows), [[0.25, -1], [-0.25, -1], [0.5, 1]]), "scikit-learn has changed"
assert np.allclose(exported, [[1, -4], [1, 4], [0.5, 1]]), "skl2onnx has changed"
END
