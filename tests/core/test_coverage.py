"""How branches are counted (`make coverage`), on what gcov says of a line."""

from tests.core.coverage import decisions, share, together

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
