"""Candidates: what a network of the study looks like and how it is trained, and the default set for a table."""

from __future__ import annotations

import itertools
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

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
        parts = ["-".join(map(str, self.hidden)) + f" {self.activation}" if self.hidden else "linear"]
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

    @property
    def rate(self) -> float:
        """The learning rate: as given, or what suits the optimiser and the widest layer.

        Measured with AdamW, batches of 64 to 256 and a cosine course: networks of up to 64 neurons a layer learn best
        near 0.02, wider ones near 0.01; twice as much began to diverge on some tables.
        """
        if self.learning_rate is not None:
            return self.learning_rate
        if self.optimizer == "sgd":
            return 0.05
        return 0.02 if max(self.hidden, default=0) <= 64 else 0.01

    @property
    def sentence(self) -> str:
        """What it is, in words, for the report."""
        if not self.hidden:
            shape = "no hidden layer"
        else:
            widths = ", ".join(map(str, self.hidden))
            plural = "s" if len(self.hidden) > 1 else ""
            shape = f"{len(self.hidden)} hidden layer{plural} of {widths} {self.activation}"
        decay = f", weight decay {self.weight_decay:g}" if self.weight_decay else ""
        dropout = f", dropout {self.dropout:g}" if self.dropout else ""
        pieces = f", numbers cut into {self.pieces} pieces" if self.pieces else ""
        return f"{shape}{pieces}{dropout}; {self.optimizer}, learning rate {self.rate:g} ({self.schedule}){decay}"

    def parameter_count(self, features: int, outputs: int) -> int:
        """Weights and biases of the network for that many inputs and outputs."""
        sizes = (features, *self.hidden, outputs)
        return sum((i + 1) * o for i, o in itertools.pairwise(sizes))

    def network(self, features: int, outputs: int) -> Any:
        """The `Network`, without parameters: they come from the job's seed.

        He's normal initialisation for the hidden layers keeps the signal's size through them (He et al. 2015), Glorot
        for the output layer.
        """
        from thetastar.layers import Dense, Dropout
        from thetastar.network import Network

        layers: list[Any] = []
        for width in self.hidden:
            layers.append(Dense(width, activation=self.activation, kernel_initializer=_start_of(self.activation)))
            if self.dropout:
                layers.append(Dropout(self.dropout))
        return Network([*layers, Dense(outputs)], input_shape=(features,))

    def training(self, epochs: int, batch_size: int) -> dict[str, Any]:
        """The arguments of a `Job` that belong to the candidate: optimiser, schedule, epochs and batch size."""
        from thetastar import optimizers, schedules

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


def default_candidates(task: str, pieces: int = 0) -> tuple[Candidate, ...]:
    """The default set: linear, one to four hidden layers, several widths and regularisations, numbers plain and cut.

    What is in it won on some of about twenty public tables, or came close at a fraction of the cost. Smooth activations
    beat ReLU nearly everywhere; dropout pays where the target is noisy and costs where it is not; pieces pay where the
    target has steps and kinks, and cost where it is smooth. So most kinds appear with and without.

    Args:
        task: regression, binary or multiclass.
        pieces: how many pieces suit the table; 0 if none do (no numbers, or few rows).
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
