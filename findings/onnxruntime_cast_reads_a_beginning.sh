#!/bin/sh
# onnxruntime 1.32.0: Cast from text to float takes the number that a text begins with: "1,5" is 1, "2024-01-31" is 2024.
# Guess: what is no number raises, as it does for "abc" and for an empty text.
# For exports: never let a model read numbers from texts; a decimal comma goes wrong without a word.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --target "$folder" onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
PYTHONPATH="$folder" python3 - <<'END'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper

graph = helper.make_graph(
    [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)], "g",
    [helper.make_tensor_value_info("x", TensorProto.STRING, [None])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
found = {}
for text in ("1.5", "1,5", "1_000", "2024-01-31", "5 %", "abc", ""):
    try:
        found[text] = float(session.run(None, {"x": np.array([text], dtype=object)})[0][0])
    except Exception as error:
        found[text] = "refused"
    print(repr(text), "->", found[text])
assert found == {
    "1.5": 1.5, "1,5": 1.0, "1_000": 1.0, "2024-01-31": 2024.0, "5 %": 5.0, "abc": "refused", "": "refused",
}, "Cast has changed"
END
