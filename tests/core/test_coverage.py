"""How branches are counted (`make coverage`), on what gcov says of a line."""

from tests.core.coverage import decisions, instances_of_lambdas, of_one, share, together

TO_GO_ON, TO_THROW = (
    {"fallthrough": True, "throw": False, "count": 3},
    {"fallthrough": False, "throw": True, "count": 0},
)
YES, NO = {"fallthrough": True, "throw": False, "count": 2}, {"fallthrough": False, "throw": False, "count": 0}


def test_what_a_call_may_throw_is_no_decision():
    line = [TO_GO_ON, TO_THROW, YES, NO, TO_GO_ON, TO_THROW]  # f(g(x) ? a : b)
    assert list(decisions(line)) == [YES, NO]
    assert list(decisions([TO_GO_ON, TO_THROW])) == list(decisions([])) == []


def test_a_branch_is_taken_where_any_run_takes_it():
    one, other = (
        {"a.hpp": {(1, 0): True, (1, 1): False}},
        {"a.hpp": {(1, 1): True, (2, 0): False}, "b.hpp": {(9, 0): True}},
    )
    both = together(one, other)
    assert both == {"a.hpp": {(1, 0): True, (1, 1): True, (2, 0): False}, "b.hpp": {(9, 0): True}}
    assert one["a.hpp"][1, 1] is False  # what is added to is another
    assert share(both["a.hpp"].values()) == "    2 of     3   66.7 %" and share([]) == "    0 of     0    0.0 %"


def test_instances_of_a_lambda_in_a_template_are_one():
    names = [f"apply<{rule}>(int)::{{lambda(int, float)#1}}::operator()(int, float) const" for rule in ("A", "B", "C")]
    functions = [{"demangled_name": name, "start_line": 7} for name in names]
    # An instance for a lambda is none of it.
    functions.append({"demangled_name": "walk<f(int)::{lambda(int)#1}>", "start_line": 3})
    instances = instances_of_lambdas(functions)
    assert [instances(line) for line in (1, 3, 6, 7, 9)] == [1, 1, 1, 3, 3]
    assert of_one(12, 6) == 2  # each of six says yes and no
    assert of_one(2, 6) == 2 and of_one(8, 6) == 8 and of_one(4, 1) == 4 and of_one(0, 3) == 1
