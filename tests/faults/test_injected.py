"""The N-th write, flush, rename or start of a thread of a study fails, or is the last before a kill: for every N."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills and forks of Linux")


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """(kind, N, how the disturbed study ended, what it found when given again) for every N, and the sound hash."""
    folder = tmp_path_factory.mktemp("faults")
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.study_with_faults", str(folder)],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (_, _, sound, _), *rest = [line.split() for line in done.stdout.splitlines()]
    return sound, [(kind, int(number), how, again) for kind, number, how, again in rest]


def test_every_study_that_was_disturbed_ends_in_the_same_bits_when_it_is_given_again(rounds):
    sound, rest = rounds
    assert len(sound) == 64
    assert [row for row in rest if row[3] != sound] == []


def test_a_call_that_fails_ends_in_the_result_or_in_a_sentence(rounds):
    sound, rest = rounds
    ends = [(kind, number, how) for kind, number, how, _ in rest if kind in ("full", "thread")]
    assert [row for row in ends if row[2] not in (sound, "refused")] == []
    assert Counter(how for kind, _, how in ends if kind == "full")[sound] >= 8  # most go on


def test_every_call_was_reached(rounds):
    sound, rest = rounds
    for kind in sorted({kind for kind, *_ in rest} & {"before", "after"}):
        ends = [how for each, _, how, _ in rest if each == kind]
        assert ends.count("killed") >= 6 and ends[-1] == sound
        assert ends == ["killed"] * ends.count("killed") + [sound] * ends.count(sound)
