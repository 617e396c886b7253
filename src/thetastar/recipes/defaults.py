"""The candidates of a study where none are named: a set for tables, one for images and one for sequences."""

from __future__ import annotations

from typing import Any

from thetastar.data.task import find_task
from thetastar.recipes.candidate import Candidate
from thetastar.recipes.settings import Activation

__all__ = ["default_candidates"]


def default_candidates(
    task: str, pieces: int = 0, shape: tuple[int, ...] = (), *, wide: bool = False
) -> tuple[Candidate, ...]:
    """The default set for tables, images and sequences.

    Args:
        task: regression, binary or multiclass.
        pieces: how many pieces suit the table; 0 if none do (no numbers, or few rows).
        shape: (H, W, C) of images, (T, F) of sequences; anything else is a table.
        wide: of a table: with more widths, rates and regularisations, about twice as many.
    """
    if len(shape) == 3:
        return _image_candidates(shape)
    if len(shape) == 2:
        return _sequence_candidates(shape)
    return (*_table_candidates(task, pieces), *(_further_candidates(task, pieces) if wide else ()))


def _image_candidates(shape: tuple[int, ...]) -> tuple[Candidate, ...]:
    """Dense networks on the pixels, and convolutional ones as deep as the image's size allows."""
    smaller = min(shape[:2])
    small = (
        Candidate(),
        Candidate(hidden=(128,), activation="relu", learning_rate=3e-3),
        Candidate(hidden=(256, 128), activation="relu", dropout=0.2, learning_rate=3e-3),
        Candidate(kind="convolutional", filters=(16,), hidden=(64,), activation="relu"),
    )
    if smaller < 8:
        return small
    if smaller < 16:
        return (
            *small,
            Candidate(kind="convolutional", filters=(16, 32), hidden=(64,), activation="relu"),
            Candidate(kind="convolutional", filters=(16, 32), hidden=(64,), activation="relu", dropout=0.3),
        )
    # Measured on MNIST: batches of 64 images reach in 8 epochs what batches of 256 do not in 12; epochs cost the same.
    lenet = Candidate(
        kind="convolutional", filters=(6, 16), kernel=5, padding="valid", hidden=(120, 84), activation="relu",
        batch_size=64, label="LeNet-5",
    )  # fmt: skip
    deeper = Candidate(
        kind="convolutional", filters=(16, 32, 64), hidden=(64,), activation="relu", batch_size=64, augment=True,
        label="conv 16-32-64, augmented",
    )  # fmt: skip
    return (
        *small[:3],
        lenet,
        lenet.model_copy(update={"augment": True, "label": "LeNet-5, augmented"}),
        deeper,
        Candidate(kind="convolutional", filters=(32, 64), hidden=(128,), activation="relu", dropout=0.3, batch_size=64),
        Candidate(kind="convolutional", preset="small_vgg", batch_size=64),
    )


def _sequence_candidates(shape: tuple[int, ...]) -> tuple[Candidate, ...]:
    """Dense networks on all steps at once, convolutions over time, and recurrent ones."""
    dense = (
        Candidate(),
        Candidate(hidden=(32,), activation="silu", learning_rate=5e-3),
        Candidate(hidden=(64, 64), activation="silu", learning_rate=5e-3),
        Candidate(hidden=(64, 64), activation="relu", dropout=0.2, learning_rate=5e-3),
    )
    recurrent = (
        Candidate(kind="recurrent", cell="gru", units=(32,)),
        Candidate(kind="recurrent", cell="lstm", units=(32,)),
        Candidate(kind="recurrent", cell="gru", units=(32, 32), hidden=(32,)),
    )
    if shape[0] < 4:
        return (*dense, *recurrent)
    convolutional = (
        Candidate(kind="convolutional", filters=(16,), hidden=(32,), activation="relu"),
        Candidate(kind="convolutional", filters=(16, 32), kernel=5, hidden=(32,), activation="relu"),
    )
    return (*dense, *convolutional, *recurrent)


def _table_candidates(task: str, pieces: int) -> tuple[Candidate, ...]:
    """The default set: linear, one to four hidden layers, several widths and regularisations, numbers plain and cut.

    What is in it won on some of about twenty public tables, or came close at a fraction of the cost. Smooth activations
    beat ReLU nearly everywhere; dropout pays where the target is noisy and costs where it is not; pieces pay where the
    target has steps and kinks, and cost where it is smooth. So most kinds appear with and without.
    """
    smooth: Activation = "silu" if find_task(task).probable else "mish"
    plain = (
        Candidate(),
        Candidate(hidden=(32,), activation=smooth),
        Candidate(hidden=(64, 64), activation=smooth),
        Candidate(hidden=(64, 64), activation="relu", dropout=0.2),
        Candidate(hidden=(128, 128), activation="silu", dropout=0.1),
        Candidate(hidden=(128, 128), activation="selu", dropout=0.4, weight_decay=0.1),
        Candidate(hidden=(128, 128, 128), activation=smooth),
        Candidate(hidden=(128, 128, 128), activation="silu", dropout=0.1),
        Candidate(hidden=(128, 128, 128, 128), activation=smooth),
    )
    if not pieces:
        return plain
    return (
        *plain,
        Candidate(pieces=pieces),
        Candidate(pieces=pieces, hidden=(64, 64), activation=smooth),
        Candidate(pieces=pieces, hidden=(128, 128), activation="silu", dropout=0.1),
        *_tabular_candidates(task, pieces),
    )


def _tabular_candidates(task: str, pieces: int) -> tuple[Candidate, ...]:
    """RealMLP's parts, shortened: `docs/reference/tabular.md` has what each brings."""
    activation: Activation = "selu" if find_task(task).probable else "mish"
    shared: dict[str, Any] = {"kind": "tabular", "activation": activation, "dropout": 0.15, "schedule": "log_cosine"}
    return (
        Candidate(pieces=pieces, hidden=(64, 64), label="tabular 64-64 on pieces", **shared),
        Candidate(frequencies=16, hidden=(64, 64, 64), label="tabular 64-64-64 on cosines", **shared),
        Candidate(pieces=pieces, hidden=(128, 128), label="tabular 128-128 on pieces", **shared),
    )


def _as_wide_as_published(task: str) -> Candidate:
    """RealMLP-TD's own widths and rates at the study's epochs: with its 256 epochs no plan would keep it."""
    classes = find_task(task).probable
    return Candidate(
        kind="tabular", frequencies=16, hidden=(256, 256, 256), activation="selu" if classes else "mish", dropout=0.15,
        learning_rate=0.04 if classes else 0.2, schedule="log_cosine", label="tabular 256-256-256 on cosines",
    )  # fmt: skip


def _further_candidates(task: str, pieces: int) -> tuple[Candidate, ...]:
    """Beside the default set: wider layers, slower and faster rates, stronger and weaker regularisation."""
    smooth: Activation = "silu" if find_task(task).probable else "mish"
    plain = (
        Candidate(hidden=(256,), activation=smooth),
        Candidate(hidden=(256, 256), activation=smooth, learning_rate=5e-3),
        Candidate(hidden=(256, 128), activation="silu", dropout=0.2, weight_decay=0.05),
        Candidate(hidden=(64, 64, 64), activation=smooth, learning_rate=1e-2),
        Candidate(hidden=(128, 128, 128), activation=smooth, learning_rate=4e-3),
        Candidate(hidden=(128, 128), activation="silu", dropout=0.3, weight_decay=0.02),
        Candidate(hidden=(256, 256, 256), activation="silu", dropout=0.1, learning_rate=5e-3),
    )
    if not pieces:
        return plain
    return (
        *plain,
        _as_wide_as_published(task),
        Candidate(pieces=pieces, hidden=(32,), activation=smooth, dropout=0.1),
        Candidate(pieces=pieces, hidden=(256, 256), activation="silu", dropout=0.3, learning_rate=5e-3),
        Candidate(pieces=max(pieces // 2, 2), hidden=(128, 128), activation=smooth, label="128-128 on half the pieces"),
        Candidate(
            pieces=2 * pieces,
            hidden=(128, 64),
            activation=smooth,
            dropout=0.2,
            learning_rate=5e-3,
            label="128-64 on twice the pieces",
        ),
        Candidate(pieces=pieces, hidden=(128, 128), activation="silu", dropout=0.2, weight_decay=0.1),
    )
