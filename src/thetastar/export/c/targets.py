"""Several targets as C: a value for each, or of labels a probability and what is named."""

from __future__ import annotations

from thetastar.export.answer import LEAST, Answer, NetworkMember
from thetastar.export.c.names import array, comment, double, single, text
from thetastar.export.description import label_value

__all__ = ["declared_targets", "result_of_targets", "target_lines", "target_tables"]


def target_lines(answer: Answer) -> list[str]:
    """Lines that fill the answer: the members' average of each target; of labels also what is named above one half."""
    count, labels, total = len(answer.targets), answer.labels, sum(member.count for member in answer.members)
    field, number = ("probability", single) if labels else ("value", double)
    lines = [f"for (k = 0; k < {count}; k++) answer->{field}[k] = 0;"]
    for place, member in enumerate(answer.members):
        if isinstance(member, NetworkMember):
            decoded = "model_sigmoid(y[k])" if labels else "(double)y[k] * model_scale[k] + model_mean[k]"
            lines += [f"model_network_{place + 1}(in, work, y);", f"for (k = 0; k < {count}; k++) q[k] = {decoded};"]
        else:
            lines.append(f"model_fitted_{place + 1}(in, q);")
        share = "" if total == 1 else f"{number(member.count / total)} * "
        lines.append(f"for (k = 0; k < {count}; k++) answer->{field}[k] += {share}{'(float)' * labels}q[k];")
    if not labels:
        return lines
    for k, part in enumerate([] if answer.calibration is None else answer.calibration["parts"]):
        if part is not None:
            a, b, c = (double(part[name]) for name in "abc")
            yes, no = (f"log({one} > {LEAST!r} ? {one} : {LEAST!r})" for one in ("q[0]", "(1 - q[0])"))
            lines += [
                f"q[0] = answer->probability[{k}];",
                f"answer->probability[{k}] = (float)(1 / (1 + exp(-({a} * {yes} - {b} * {no} + {c}))));",
            ]
    above = "> 0.5f" if answer.threshold is None else ">= model_threshold[k]"
    lines.append(f"for (k = 0; k < {count}; k++) answer->label[k] = answer->probability[k] {above};")
    return lines


def target_tables(answer: Answer) -> str:
    """The names of the targets, and what makes values of a network's outputs, or the names of both classes of each."""
    tables = [array("char *const model_targets", map(text, answer.targets)).replace("static const", "const")]
    if answer.labels:
        both = (text(str(label_value(label))) for part in answer.encoding.parts for label in part.classes or ())
        tables.append(array("char *const model_classes", both).replace("static const", "const"))
        if isinstance(answer.threshold, tuple):
            tables.append(array("double model_threshold", map(double, answer.threshold)))
    elif any(isinstance(member, NetworkMember) for member in answer.members):
        parts = answer.encoding.parts
        tables += [array("double model_mean", (double(part.mean) for part in parts))]
        tables += [array("double model_scale", (double(part.scale) for part in parts))]
    return "".join(f"{table}\n" for table in tables)


def declared_targets(answer: Answer) -> str:
    """What other files see of the tables."""
    count = len(answer.targets)
    found = f"extern const char *const model_targets[{count}]; /* their names */\n"
    if answer.labels:
        found += (
            f"extern const char *const model_classes[{2 * count}]; /* of target k the label is at 2 * k + label[k] */\n"
        )
    return found


def result_of_targets(answer: Answer) -> str:
    """The fields of an answer."""
    count, shown = len(answer.targets), ", ".join(map(text, answer.targets[:8])) + ", ..." * (len(answer.targets) > 8)
    if not answer.labels:
        return f"    double value[{count}]; /* in the units of the training data: {comment(shown)} */\n"
    named = "it is more likely" if answer.threshold is None else "its probability calls it"
    return (
        f"    int label[{count}]; /* 1 where {named} the second class of: {comment(shown)} */\n"
        f"    float probability[{count}]; /* of that */\n"
    )
