"""Candidates: what a network of the study looks like and how it is trained, and the default set for a table."""

from __future__ import annotations

import itertools
import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Candidate", "batch_size_for", "default_candidates"]

Activation = Literal[
    "identity", "sigmoid", "hard_sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "gelu_tanh",
    "silu", "mish", "softplus", "softsign", "gaussian",
]  # fmt: skip


class Candidate(BaseModel):
    """A network and its training settings; with a seed and rows it is one job.

    Example:
        >>> Candidate(hidden=(64, 64), activation="silu", dropout=0.1).name
        '64-64 silu, dropout 0.1'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["dense", "convolutional", "recurrent"] = Field(
        default="dense", description="Dense layers on all numbers, or convolutional or recurrent ones before them."
    )
    filters: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(
        default=(),
        max_length=16,
        description="Filters of each convolution; a pooling layer halves the size after each.",
    )
    kernel: int = Field(default=3, ge=1, le=64, description="Side of a convolution's window, in pixels or time steps.")
    padding: Literal["same", "valid"] = Field(default="same", description="Padding of the convolutions.")
    preset: Literal["small_vgg", "small_resnet"] | None = Field(
        default=None, description="A known convolutional network in place of filters and hidden."
    )
    cell: Literal["simple_rnn", "lstm", "gru"] = Field(default="gru", description="What a recurrent layer is made of.")
    units: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = Field(
        default=(), max_length=16, description="Units of each recurrent layer; the last one gives its last state."
    )
    bidirectional: bool = Field(default=False, description="Recurrent layers in both directions of time.")
    augment: bool = Field(default=False, description="Train on images shifted, scaled and turned a little.")
    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = Field(
        default=(), max_length=64, description="Neurons of each hidden layer; () is linear."
    )
    activation: Activation = Field(default="silu", description="Activation of the hidden layers.")
    pieces: int = Field(
        default=0, ge=0, le=512, description="Pieces that every number is cut into before the first layer; 0 is none."
    )
    dropout: float = Field(default=0.0, ge=0, lt=1, description="Share of hidden neurons dropped in training.")
    optimizer: Literal["adamw", "adam", "sgd"] = Field(default="adamw", description="Update rule.")
    learning_rate: float | None = Field(
        default=None, gt=0, description="Learning rate at its highest; by optimiser and width if not given."
    )
    weight_decay: float = Field(default=0.02, ge=0, description="Weight decay (decoupled for adamw).")
    schedule: Literal["constant", "cosine", "one_cycle"] = Field(
        default="cosine", description="Course of the learning rate over the epochs (cosine rises over the first tenth)."
    )
    batch_size: int | None = Field(default=None, ge=1, description="Rows per update; by the table's rows if not given.")
    epochs: int | None = Field(default=None, ge=1, description="Epochs; by rows and effort if not given.")
    label: str | None = Field(default=None, min_length=1, max_length=80, description="A name of your own.")

    @property
    def name(self) -> str:
        """Short and distinct: the layers and whatever differs from the usual settings."""
        if self.label is not None:
            return self.label
        parts = [self._layers_name()]
        if self.augment:
            parts.append("augmented")
        if self.pieces:
            parts[0] += " on pieces"
        for field, word in (
            ("dropout", "dropout"), ("optimizer", ""), ("learning_rate", "rate"), ("weight_decay", "decay"),
            ("schedule", ""), ("batch_size", "batch"), ("epochs", "epochs"),
        ):  # fmt: skip
            value = getattr(self, field)
            if value != type(self).model_fields[field].default:
                parts.append(f"{word} {value:g}" if word else str(value))
        return ", ".join(parts)

    def _layers_name(self) -> str:
        dense = "-".join(map(str, self.hidden))
        if self.kind == "dense":
            return f"{dense} {self.activation}" if self.hidden else "linear"
        if self.preset:
            return self.preset.replace("_", " ").replace("vgg", "VGG").replace("resnet", "ResNet")
        if self.kind == "convolutional":
            first = "conv " + "-".join(map(str, self.filters)) + (f" of {self.kernel}" if self.kernel != 3 else "")
        else:
            names = {"simple_rnn": "RNN", "lstm": "LSTM", "gru": "GRU"}
            both = "bidirectional " if self.bidirectional else ""
            first = f"{both}{names[self.cell]} " + "-".join(map(str, self.units))
        return f"{first}, dense {dense} {self.activation}" if dense else first

    @property
    def rate(self) -> float:
        """The learning rate: as given, or what suits the optimiser and the widest layer.

        Measured with AdamW, batches of 64 to 256 and a cosine course: networks of up to 64 neurons a layer learn best
        near 0.02, wider ones near 0.01; twice as much began to diverge on some tables. Convolutional and recurrent
        networks learn best near 0.003.
        """
        if self.learning_rate is not None:
            return self.learning_rate
        if self.optimizer == "sgd":
            return 0.05
        if self.kind != "dense":
            return 3e-3
        return 0.02 if max(self.hidden, default=0) <= 64 else 0.01

    @model_validator(mode="after")
    def _belongs(self) -> Candidate:
        rules = (
            (self.filters, "filters", "convolutional"), (self.preset, "preset", "convolutional"),
            (self.units, "units", "recurrent"),
        )  # fmt: skip
        for given, field, kind in rules:
            if given and self.kind != kind:
                raise ValueError(f"{field} belongs to kind='{kind}'")
        if self.kind == "convolutional" and not self.filters and not self.preset:
            raise ValueError("a convolutional network needs filters, such as filters=(16, 32)")
        if self.kind == "recurrent" and not self.units:
            raise ValueError("a recurrent network needs units, such as units=(32,)")
        if self.augment and self.kind != "convolutional":
            raise ValueError("augment belongs to kind='convolutional', on images")
        if self.kind != "dense" and self.pieces:
            raise ValueError("pieces are for tables")
        return self

    @property
    def sentence(self) -> str:
        """What it is, in words, for the report."""
        widths = ", ".join(map(str, self.hidden))
        plural = "s" if len(self.hidden) > 1 else ""
        hidden = (
            f"{len(self.hidden)} hidden layer{plural} of {widths} {self.activation}"
            if self.hidden
            else "no hidden layer"
        )
        if self.kind == "dense":
            shape = hidden
        elif self.preset:
            shape = f"the preset {self.preset}"
        elif self.kind == "convolutional":
            windows = f"{self.kernel} × {self.kernel}"
            shape = f"convolutions of {', '.join(map(str, self.filters))} filters ({windows}), each pooled; {hidden}"
        else:
            layers = f"{len(self.units)} {self.cell} layer{'s' if len(self.units) > 1 else ''}"
            shape = f"{layers} of {', '.join(map(str, self.units))} units; {hidden}"
        decay = f", weight decay {self.weight_decay:g}" if self.weight_decay else ""
        dropout = f", dropout {self.dropout:g}" if self.dropout else ""
        pieces = f", numbers cut into {self.pieces} pieces" if self.pieces else ""
        return f"{shape}{pieces}{dropout}; {self.optimizer}, learning rate {self.rate:g} ({self.schedule}){decay}"

    def parameter_count(self, shape: int | tuple[int, ...], outputs: int) -> int:
        """Parameters of the network for inputs of that shape (or so many numbers) and that many outputs."""
        if self.kind == "dense":
            sizes = (shape if isinstance(shape, int) else math.prod(shape), *self.hidden, outputs)
            return sum((i + 1) * o for i, o in itertools.pairwise(sizes))
        return self.network(shape, outputs).parameter_count

    def network(self, shape: int | tuple[int, ...], outputs: int, *, masked: bool = False) -> Any:
        """The `Network`, without parameters: they come from the job's seed.

        He's normal initialisation for the hidden layers keeps the signal's size through them (He et al. 2015), Glorot
        for the output layer.

        Args:
            shape: (F,) or F numbers, (H, W, C) images, (T, F) sequences. Dense candidates take all numbers in a row; a
                convolution sees a sequence as an image one pixel high.
            masked: sequences end in steps of zeros, which recurrent layers pass over.
        """
        from thetastar.layers import Dense, Dropout
        from thetastar.network import Network

        shape = (shape,) if isinstance(shape, int) else shape
        if self.kind == "dense":
            shape = (math.prod(shape),)
        if self.kind == "convolutional" and len(shape) == 2:
            shape = (1, *shape)
        if self.preset:
            from thetastar import presets

            return getattr(presets, self.preset)(input_shape=shape, classes=outputs)
        layers = self._first_layers(shape, 0.0 if masked else None)
        for width in self.hidden:
            layers.append(Dense(width, activation=self.activation, kernel_initializer=_start_of(self.activation)))
            if self.dropout:
                layers.append(Dropout(self.dropout))
        return Network([*layers, Dense(outputs)], input_shape=shape)

    def _first_layers(self, shape: tuple[int, ...], mask: float | None) -> list[Any]:
        from thetastar import layers as kinds

        if self.kind == "dense":
            return []
        if self.kind == "recurrent":
            make = {"simple_rnn": kinds.SimpleRNN, "lstm": kinds.LSTM, "gru": kinds.GRU}[self.cell]
            last = len(self.units) - 1
            return [
                make(units, return_sequences=k < last, bidirectional=self.bidirectional, mask_value=mask)
                for k, units in enumerate(self.units)
            ]
        layers: list[Any] = []
        height, width = shape[0], shape[1]
        for filters in self.filters:
            window = (min(self.kernel, height), min(self.kernel, width))
            layers.append(kinds.Conv2D(
                filters, window, padding=self.padding, activation=self.activation,
                kernel_initializer=_start_of(self.activation),
            ))  # fmt: skip
            if self.padding == "valid":
                height, width = height - window[0] + 1, width - window[1] + 1
            pool = (2 if height > 1 else 1, 2 if width > 1 else 1)
            if pool != (1, 1):
                layers.append(kinds.MaxPool2D(pool))
                height, width = height // pool[0], width // pool[1]
        return [*layers, kinds.Flatten()]

    def training(self, epochs: int, batch_size: int, shape: tuple[int, ...] = ()) -> dict[str, Any]:
        """The arguments of a `Job` that belong to the candidate: optimiser, schedule, epochs, batch size, augmentation.

        Args:
            shape: (H, W, C) of images: they are shifted by up to a fourteenth of their side.
        """
        from thetastar import optimizers, schedules
        from thetastar.augment import Augment

        kinds = {"adamw": optimizers.AdamW, "adam": optimizers.Adam}
        if self.optimizer == "sgd":
            optimizer = optimizers.SGD(
                learning_rate=self.rate, momentum=0.9, nesterov=True, weight_decay=self.weight_decay
            )
        else:
            optimizer = kinds[self.optimizer](learning_rate=self.rate, weight_decay=self.weight_decay)
        courses = {
            "cosine": schedules.Cosine(warmup=0.1),
            "constant": schedules.Constant(),
            "one_cycle": schedules.OneCycle(),
        }
        return {
            "optimizer": optimizer,
            "schedule": courses[self.schedule],
            "epochs": self.epochs or epochs,
            "batch_size": self.batch_size or batch_size,
            "augment": Augment(shift=min(shape[:2]) / 14, scale=0.1, rotate=10) if self.augment else None,
        }


def _start_of(activation: str) -> str:
    """The initialiser that suits an activation: LeCun for SELU (its fixed point needs it), Glorot where saturating."""
    if activation == "selu":
        return "lecun_normal"
    saturating = {"sigmoid", "hard_sigmoid", "tanh", "softsign", "gaussian", "identity"}
    return "glorot_normal" if activation in saturating else "he_normal"


def batch_size_for(rows: int) -> int:
    """Rows per update for that many training rows: small tables need many updates, large ones fast products."""
    for limit, size in ((500, 32), (4_000, 64), (12_000, 128), (60_000, 256), (200_000, 512)):
        if rows <= limit:
            return size
    return 1024


def default_candidates(task: str, pieces: int = 0, shape: tuple[int, ...] = ()) -> tuple[Candidate, ...]:
    """The default set for tables, images and sequences.

    Args:
        task: regression, binary or multiclass.
        pieces: how many pieces suit the table; 0 if none do (no numbers, or few rows).
        shape: (H, W, C) of images, (T, F) of sequences; anything else is a table.
    """
    if len(shape) == 3:
        return _image_candidates(shape)
    if len(shape) == 2:
        return _sequence_candidates(shape)
    return _table_candidates(task, pieces)


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
    lenet = {
        "kind": "convolutional", "filters": (6, 16), "kernel": 5, "padding": "valid", "hidden": (120, 84),
        "activation": "relu",
    }  # fmt: skip
    return (
        *small[:3],
        Candidate(**lenet, label="LeNet-5"),
        Candidate(**lenet, augment=True, label="LeNet-5, augmented"),
        Candidate(kind="convolutional", filters=(16, 32), hidden=(64,), activation="relu", dropout=0.3),
        Candidate(kind="convolutional", filters=(32, 64), hidden=(128,), activation="relu", dropout=0.3),
        Candidate(kind="convolutional", preset="small_vgg"),
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
    smooth = "mish" if task == "regression" else "silu"
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
        Candidate(pieces=pieces, hidden=(256,), activation="relu", dropout=0.3, learning_rate=5e-3),
        Candidate(pieces=pieces, hidden=(64, 64), activation=smooth),
        Candidate(pieces=pieces, hidden=(128, 128), activation="silu", dropout=0.1),
        Candidate(pieces=pieces, hidden=(128, 128, 128), activation="silu", dropout=0.2, learning_rate=5e-3),
    )
