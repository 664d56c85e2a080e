"""The diff of long files: what `patch` would make of it is the other text, and it reads as difflib's does."""

from __future__ import annotations

from difflib import unified_diff

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.artifacts.diff import opcodes, unified

lines = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n", "e\n", "f\n", "\n", "- name: x\n"]), max_size=30)


@given(old=lines, new=lines)
def test_opcodes_turn_one_side_into_the_other(old: list[str], new: list[str]) -> None:
    """Every line is accounted for once, in order, on both sides."""
    made, at_old, at_new = [], 0, 0
    for tag, i, j, k, m in opcodes(old, new):
        assert (i, k) == (at_old, at_new)
        assert (tag == "equal") == (old[i:j] == new[k:m])
        made += old[i:j] if tag == "equal" else new[k:m]
        at_old, at_new = j, m
    assert (made, at_old, at_new) == (new, len(old), len(new))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a\nb\nc\nd\ne\nf\ng\nh\ni\n", "a\nb\nc\nd\nE\nf\ng\nh\ni\n"),
        ("", "a\nb\n"),
        ("a\nb\n", ""),
        ("".join(f"{n}\n" for n in range(60)), "".join(f"{n}\n" for n in range(60) if n not in {3, 40})),
    ],
)
def test_a_small_change_reads_as_difflib_writes_it(before: str, after: str) -> None:
    """Headers, hunks, context and line numbers."""
    expected = unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), "old", "new")
    assert unified(before, after, "old", "new") == "".join(expected)


def test_equal_texts_have_no_diff() -> None:
    """Not even a header."""
    assert unified("a\n", "a\n", "old", "new") == ""


def test_an_end_without_a_newline_is_said() -> None:
    """As `diff -u` says it."""
    said = unified("a\nb", "a\nb\n", "old", "new")
    assert said.endswith(" a\n-b\n\\ No newline at end of file\n+b\n")


def test_thousands_of_changes_are_small_change() -> None:
    """Five hundred slices whose objective moved: each change is a hunk, found without a look at all the others."""
    rules = "".join(f"  - rule {n} {r}\n    labels:\n" for n in range(500) for r in range(25))
    changed = rules.replace(" 12\n    labels", " 12\n    changed")
    assert unified(rules, changed, "old", "new").count("\n@@ ") == 500
