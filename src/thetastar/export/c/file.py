"""One C99 file for a whole model: declarations that other files include, tables, functions, and `predict`."""

from __future__ import annotations

import textwrap
from typing import Any

from thetastar.errors import InputError
from thetastar.export.answer import LEAST, Answer, FittedMember, NetworkMember, quantile_names
from thetastar.export.c.columns import ColumnsText
from thetastar.export.c.fitted import FittedText
from thetastar.export.c.formula import FormulaText
from thetastar.export.c.functions import functions_text
from thetastar.export.c.layers import NetworkText
from thetastar.export.c.names import INCLUDES, array, comment, double, identifier, named, single, text
from thetastar.export.c.targets import declared_targets, result_of_targets, target_lines, target_tables
from thetastar.export.formula import formula_of, own_columns
from thetastar.recipes.formulas import FittedFormula, FormulaAndNetwork

__all__ = ["c_file"]

_ON_STACK = 32_768  # bytes that a function may put on the stack of a small thread


def c_file(answer: Answer, name: str, *, eight_bits: bool = False) -> str:
    """The text of a C file that predicts as the model does.

    Args:
        answer: of `answer_of`.
        name: in front of all names in the file, such as "houses".
        eight_bits: keep weights in 8 bits with a scale for each unit.

    Returns:
        ASCII text. `#define NAME_DECLARATIONS` before an `#include` of it gives its declarations alone.

    Raises:
        InputError: a network has no C, or there is none whose weights could be kept in 8 bits.
    """
    if eight_bits and not any(_has_network(member) for member in answer.members):
        raise InputError(
            "export to C: int8 keeps the weights of networks in 8 bits, and no member of this answer is a network. "
            "Leave int8 (--int8) out."
        )
    prefix = identifier(name)
    columns = ColumnsText()
    for block in answer.blocks:
        columns.add(block)
    written = [
        _written(member, f"model_m{place}_" if len(answer.members) > 1 else "model_", eight_bits, answer, columns)
        for place, member in enumerate(answer.members)
    ]
    functions = columns.functions.union(*(one.functions for one in written))
    networks = [one for one in written if isinstance(one, NetworkText)]
    scaled = answer.calibration is not None and answer.calibration["kind"] in ("temperature", "vector")
    if answer.encoding.kind.classification and (networks or scaled):
        functions.add("softmax")
    if answer.labels and networks:
        functions.add("sigmoid")
    if answer.levels and (networks or answer.calibration is not None):
        functions.add("rising")
    sizes = [max(1, network.size) for network in networks]
    work = max(sizes + [one.size for one in written if isinstance(one, FormulaText)], default=0)
    floats = answer.feature_count + work + max(_extra(member) for member in answer.members)
    body = "\n".join(
        [
            f"#define MODEL_FEATURES {answer.feature_count}\n" + f"#define MODEL_WORK {work}\n" * (work > 0),
            f"typedef {'int8_t' if eight_bits else 'float'} model_weight;\n" if functions & _WEIGHED else "",
            functions_text(functions),
            "".join(columns.arrays),
            *("".join(one.arrays) for one in written),
            _prepare(columns),
            *(_member(place, member, one, answer) for place, (member, one) in
              enumerate(zip(answer.members, written, strict=True))),
            _predict(answer, written, floats),
        ]
    )  # fmt: skip
    constants = columns.constants + sum(one.constants for one in written)
    head = _header(answer, columns, functions, 4 * floats, constants, eight_bits)
    whole = f"{head}\n#ifndef MODEL_DECLARATIONS\n\n{_includes(eight_bits)}\n{body}\n#endif\n"
    return named(whole, prefix).encode("ascii", "backslashreplace").decode()


_WEIGHED = {"dense", "conv2d", "recurrent"}


Text = NetworkText | FittedText | FormulaText


def _has_network(member: NetworkMember | FittedMember) -> bool:
    return isinstance(member, NetworkMember) or isinstance(member.fitted, FormulaAndNetwork)


def _written(
    member: NetworkMember | FittedMember, prefix: str, eight_bits: bool, answer: Answer, columns: ColumnsText
) -> Text:
    features = answer.feature_count
    if isinstance(member, NetworkMember):
        return _network(member, prefix, eight_bits, features)
    if (formula := formula_of(member.fitted)) is not None:
        return _formula(member, formula, FormulaText(prefix, columns, eight_bits), answer)
    written = FittedText(prefix, features + _extra(member))
    for place, (column, edges) in enumerate(member.pieces):
        edges_name = written._floats(f"edges_{place + 1}", edges)
        written.lines.append(f"model_pieces(in[{column}], {edges_name}, {len(edges) - 1}, in + {features});")
        written.functions.add("pieces")
        features += len(edges) - 1
    written.add(member.fitted)
    return written


def _formula(member: FittedMember, formula: FittedFormula, written: FormulaText, answer: Answer) -> FormulaText:
    assert formula.numbers is not None
    written.add(formula, own_columns(answer.blocks, formula.numbers))
    if isinstance(member.fitted, FormulaAndNetwork):
        written.add_networks(member.fitted)
    written.columns.calls += written.checks
    return written


def _network(member: NetworkMember, prefix: str, eight_bits: bool, features: int) -> NetworkText:
    network = member.network
    if any(array.dtype != "float32" for array in network.parameters.values()):
        raise InputError(f"export to C: {member.name!r} must have float32 parameters. Got float64. Train in float32.")
    written = NetworkText(prefix, network.parameters, eight_bits)
    for place, (column, edges) in enumerate(member.pieces):
        edges_name = written._floats(f"edges_{place + 1}", edges)
        written.calls.append(f"model_pieces(in[{column}], {edges_name}, {len(edges) - 1}, in + {features});")
        written.functions.add("pieces")
        features += len(edges) - 1
    outputs = written.through(network.layers, network.shapes, "in")
    written._call("copy", outputs.text, outputs.size, "y")
    return written


def _extra(member: NetworkMember | FittedMember) -> int:
    return sum(len(edges) - 1 for _, edges in member.pieces)


def _includes(eight_bits: bool) -> str:
    return INCLUDES + "#include <stdint.h>\n" * eight_bits


def _prepare(columns: ColumnsText) -> str:
    lines = "".join(f"    {call}\n" for call in columns.calls)
    return (
        "/* From a row to the features; the number of a field that holds an infinite number, else 0. */\n"
        f"static int model_prepare(const model_row *row, float *x)\n{{\n{lines}    return 0;\n}}\n"
    )


def _member(place: int, member: NetworkMember | FittedMember, written: Text, answer: Answer) -> str:
    if isinstance(written, FormulaText):
        assert isinstance(member, FittedMember) and isinstance(member.fitted, FittedFormula | FormulaAndNetwork)
        return written.written(place, member.name, member.fitted)
    if isinstance(written, FittedText):
        gives, to = ("double", "") if answer.encoding.classes is None else ("void", ", float *p")
        if answer.levels or answer.targets:
            gives, to = "void", ", double *q"
        body = "".join(f"    {line}\n" for line in written.lines)
        return (
            f"/* {comment(member.name)}: features to the answer. */\n"
            f"static {gives} model_fitted_{place + 1}(float *in{to})\n{{\n{body}}}\n"
        )
    lines = "".join(f"    {call}\n" for call in written.calls)
    unused = "" if written.size else "    (void)work;\n"
    return (
        f"/* {comment(member.name)}: features to raw outputs; pieces are put behind the features. */\n"
        f"static void model_network_{place + 1}(float *in, float *work, float *y)\n{{\n{unused}{lines}}}\n"
    )


def _quantile_lines(answer: Answer) -> list[str]:
    """Lines that fill the quantiles: the members' average, corrected where the model corrects it, in rising order."""
    levels, encoding = len(answer.levels), answer.encoding
    total = sum(member.count for member in answer.members)
    lines = [f"for (k = 0; k < {levels}; k++) answer->quantile[k] = 0;"]
    for place, member in enumerate(answer.members):
        if isinstance(member, NetworkMember):
            scaled = f"(double)y[k] * {double(float(encoding.scale))} + {double(float(encoding.mean))}"
            lines += [f"model_network_{place + 1}(in, work, y);", f"for (k = 0; k < {levels}; k++) q[k] = {scaled};",
                      f"model_rising(q, {levels});"]  # fmt: skip
        else:
            lines.append(f"model_fitted_{place + 1}(in, q);")
        share = "" if total == 1 else f"{double(member.count / total)} * "
        lines.append(f"for (k = 0; k < {levels}; k++) answer->quantile[k] += {share}q[k];")
    if answer.calibration is not None:
        shifts = answer.calibration["shifts"]
        lines += [f"answer->quantile[{k}] += {double(shift)};" for k, shift in enumerate(shifts) if shift]
        lines.append(f"model_rising(answer->quantile, {levels});")
    return lines


def _call(place: int, written: Text, given: str = "in") -> str:
    """How what is fitted is called."""
    return written.call(place) if isinstance(written, FormulaText) else f"model_fitted_{place + 1}({given})"


def _predict(answer: Answer, written: list[Text], floats: int) -> str:
    encoding = answer.encoding
    outputs, several = (
        max(1, len(encoding.classes or ()), len(answer.levels), len(answer.targets)),
        bool(answer.targets),
    )
    classes = encoding.classes
    total = sum(member.count for member in answer.members)
    networks = [member for member in answer.members if isinstance(member, NetworkMember)]
    lines: list[str] = []
    if several:
        lines += target_lines(answer)
    elif answer.levels:
        lines += _quantile_lines(answer)
    elif classes is None:
        lines.append("answer->value = 0;")
        for place, member in enumerate(answer.members):
            share = "" if total == 1 else f"{double(member.count / total)} * "
            value = _call(place, written[place])
            if isinstance(member, NetworkMember):
                lines.append(f"model_network_{place + 1}(in, work, y);")
                value = f"((double)y[0] * {double(float(encoding.scale))} + {double(float(encoding.mean))})"
            lines.append(f"answer->value += {share}{value};")
        lines += _bounded(answer.calibration)
    else:
        binary = len(classes) == 2
        lines.append(f"for (k = 0; k < {outputs}; k++) answer->probability[k] = 0;")
        for place, member in enumerate(answer.members):
            if isinstance(member, NetworkMember):
                lines.append(f"model_network_{place + 1}(in, work, y);")
                if binary:
                    lines += ["y[1] = y[0];", "y[0] = 0;"]
                lines.append(f"model_softmax(y, {outputs}, p);")
            else:
                lines.append(f"{_call(place, written[place], 'in, p')};")
            share = "" if total == 1 else f"{single(member.count / total)} * "
            lines.append(f"for (k = 0; k < {outputs}; k++) answer->probability[k] += {share}p[k];")
        lines += _calibrated(answer.calibration, outputs)
        alone = len(answer.members) == len(networks) == 1 and answer.calibration is None
        compared = "y" if alone else "answer->probability"
        if isinstance(answer.threshold, float):
            lines.append(f"answer->label = answer->probability[1] >= {double(answer.threshold)};")
        else:
            lines.append("answer->label = 0;")
            lines.append(
                f"for (k = 1; k < {outputs}; k++) if ({compared}[k] > {compared}[answer->label]) answer->label = k;"
            )
    inner = "".join(f"    {line}\n" for line in lines)
    tables = ""
    if classes is not None:
        names = array("char *const model_classes", (text(_label(label)) for label in classes))
        tables = names.replace("static const", "const") + "\n"
    if answer.levels:
        names = array("char *const model_quantiles", map(text, quantile_names(answer.levels)))
        tables = names.replace("static const", "const") + "\n"
    if several:
        tables = target_tables(answer)
    between = [f"y[{outputs}]"] * bool(networks) + [f"p[{outputs}]"] * (classes is not None)
    numbers = f"    float {', '.join(between)};\n" if between else ""
    numbers += f"    double q[{outputs}];\n" * bool(answer.levels or several)
    numbers += f"    int {'' if classes is None and not (answer.levels or several) else 'k, '}wrong;\n"
    room = f"in[{floats} - MODEL_WORK], work[MODEL_WORK]" if _works(written) else f"in[{max(1, floats)}]"
    odds = classes is not None and answer.calibration is not None and answer.calibration["kind"] == "beta"
    numbers += "    double odds;\n" * odds
    return (
        f"{tables}int model_predict(const model_row *row, model_answer *answer)\n{{\n"
        f"    MODEL_MEMORY float {room};\n{numbers}"
        f"    wrong = model_prepare(row, in);\n    if (wrong) return wrong;\n{inner}    return 0;\n}}\n"
    )


def _works(written: list[Text]) -> bool:
    """Whether numbers are kept between layers."""
    return any(isinstance(one, NetworkText) or (isinstance(one, FormulaText) and one.size > 0) for one in written)


def _bounded(bounds: dict[str, Any] | None) -> list[str]:
    """Lines that keep the value within the bounds that the user gave; none where there are none."""
    if bounds is None:
        return []
    value = "answer->value"
    return [
        f"if ({value} {sign} {double(bounds[end])}) {value} = {double(bounds[end])};"
        for end, sign in (("low", "<"), ("high", ">"))
        if bounds[end] is not None
    ]


def _calibrated(calibration: dict[str, Any] | None, classes: int) -> list[str]:
    """Lines that make the averaged probabilities come true as often as they say; none where they are left alone."""
    if calibration is None:
        return []
    log = f"log(answer->probability[%s] > {LEAST!r} ? answer->probability[%s] : {LEAST!r})"
    if calibration["kind"] == "beta":
        a, b, c = (double(calibration[name]) for name in "abc")
        return [
            f"odds = {a} * {log % (1, 1)} - {b} * {log % (0, 0)} + {c};",
            "answer->probability[0] = (float)(1 / (1 + exp(odds)));",
            "answer->probability[1] = (float)(1 / (1 + exp(-odds)));",
        ]
    if calibration["kind"] == "vector":
        return [
            *(
                f"p[{k}] = (float)({log % (k, k)} * {double(scale)} + {double(shift)});"
                for k, (scale, shift) in enumerate(zip(calibration["scale"], calibration["shift"], strict=True))
            ),
            f"model_softmax(p, {classes}, answer->probability);",
        ]
    scaled = f"{log % ('k', 'k')} / {double(calibration['temperature'])}"
    return [
        f"for (k = 0; k < {classes}; k++) p[k] = (float)({scaled});",
        f"model_softmax(p, {classes}, answer->probability);",
    ]


def _header(
    answer: Answer, columns: ColumnsText, functions: set[str], ram: int, constants: int, eight_bits: bool
) -> str:
    encoding, classes = answer.encoding, answer.encoding.classes
    operations = sum(member.operations for member in answer.members)
    what = (
        f"the number {encoding.name!r}" if classes is None else f"which of {len(classes)} classes {encoding.name!r} is"
    )
    if answer.levels:
        what = f"{len(answer.levels)} quantiles of the number {encoding.name!r}"
    used = "label" if classes is not None else "quantile[0]" if answer.levels else "value"
    if answer.targets:
        what = f"{'which of the labels' if answer.labels else 'the numbers'} {encoding.name!r}{' hold' * answer.labels}"
        used = "label[0]" if answer.labels else "value[0]"
    made = f"thetastar {answer.version}".strip()
    where = "static: one thread at a time" if ram > _ON_STACK else "on the stack"
    parameters = sum(member.size for member in answer.members)
    refused = ", or a text that is no number" * ("own_level" in functions)
    words = [
        f"Predicts {comment(what)}. Written by {made} from a trained model; preparation of the columns included.",
        "",
        f"    model_row row = {{…}};            one field for each of the {len(answer.blocks)} columns, below",
        "    model_answer answer;",
        f"    if (model_predict(&row, &answer) == 0) use(answer.{used});",
        "",
        f"model_predict returns 0, or the number of the field that holds an infinite number{refused}. In other files "
        "put #define MODEL_DECLARATIONS before #include of this one. With #define MODEL_CODES, categories are given as "
        "the numbers of their levels instead of texts, and texts take no memory.",
        "",
        f"Memory of a prediction: {ram:,} bytes ({where}; "
        "define MODEL_MEMORY as static or as nothing to choose). "
        f"Constants: {constants:,} bytes for {parameters:,} parameters{' in 8 bits' * eight_bits} and the columns' "
        f"tables. Operations: {operations:,} multiplications with additions. C99, no allocation; of the library only "
        "functions of math.h.",
    ]  # fmt: skip
    about = "\n".join(
        line for paragraph in words
        for line in ([paragraph] if paragraph.startswith("    ") else textwrap.wrap(paragraph, 112) or [""])
    )  # fmt: skip
    about = "/* " + "\n   ".join(about.split("\n")) + " */\n"
    about = "\n".join(line.rstrip() for line in about.split("\n")).replace("…", "...")
    fields = "".join(f"    {declaration}; /* {words} */\n" for declaration, words in columns.fields)
    fields = fields.replace("…", "...")
    if answer.levels:
        shown = ", ".join(f"{level:g}" for level in answer.levels)
        result = f"    double quantile[{len(answer.levels)}]; /* in the unit of the training data, rising: {shown} */\n"
    elif answer.targets:
        result = result_of_targets(answer)
    elif classes is None:
        result = "    double value; /* in the unit of the training data */\n"
    else:
        called = "the likeliest class"
        if answer.threshold is not None:
            called = f"class 1 from a probability of {answer.threshold:g} on, else class 0,"
        shown = ", ".join(text(_label(label)) for label in classes[:8]) + (", ..." if len(classes) > 8 else "")
        result = f"    int label; /* {called} by number: {comment(shown)} */\n    float probability[{len(classes)}];\n"
    declared = f"extern const char *const model_classes[{len(classes)}];\n" if classes is not None else ""
    if answer.levels:
        declared = f"extern const char *const model_quantiles[{len(answer.levels)}]; /* their names */\n"
    if answer.targets:
        declared = declared_targets(answer)
    dated = "/* A date and time for a row's field: seconds since 1970, by the clock on the wall. */\ndouble " \
            "model_date(int year, int month, int day, int hour, int minute, double second);\n"  # fmt: skip
    levels = (
        "#ifdef MODEL_CODES\ntypedef int model_level; /* the number of a level, below 0 where not known */\n#else\n"
        "typedef const char *model_level; /* UTF-8; 0 where not known */\n#endif\n"
        if any("model_level" in declaration for declaration, _ in columns.fields)
        else ""
    )
    return (
        f'{about}#ifndef MODEL_DECLARED\n#define MODEL_DECLARED\n#ifdef __cplusplus\nextern "C" {{\n#endif\n\n{levels}'
        f"typedef struct {{\n{fields}}} model_row;\n\ntypedef struct {{\n{result}}} model_answer;\n\n"
        f"int model_predict(const model_row *row, model_answer *answer);\n{declared}"
        f"{dated if 'seconds' in columns.functions else ''}"
        "\n#ifdef __cplusplus\n}\n#endif\n"
        f"#ifndef MODEL_MEMORY\n#define MODEL_MEMORY{' static' * (ram > _ON_STACK)}\n#endif\n#endif\n"
    )


def _label(label: object) -> str:
    return str(int(label)) if isinstance(label, float) and label.is_integer() else str(label)
