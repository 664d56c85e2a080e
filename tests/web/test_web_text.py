"""Numbers, times and hostile text as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parapet.web import text

NOW = datetime(2026, 11, 12, 2, 45, 12, tzinfo=UTC)


@given(st.floats(min_value=0, max_value=1, exclude_max=True))
def test_a_ratio_below_one_never_reads_as_all(ratio: float) -> None:
    """Nothing rounds away a doubt: one failure in a million is not 100 %."""
    shown = text.percent(min(ratio, 1 - 1e-7))
    assert not shown.startswith("100")


@pytest.mark.parametrize(
    ("ratio", "digits", "shown"),
    [
        (0.9997, 2, "99.97\u00a0%"),
        (0.999, 3, "99.9\u00a0%"),
        (1.0, 2, "100\u00a0%"),
        (0.61, 0, "61\u00a0%"),
        (0.0, 2, "0\u00a0%"),
    ],
)
def test_percent_shows_what_is_known(ratio: float, digits: int, shown: str) -> None:
    """Percent only when shown, with a no-break space."""
    assert text.percent(ratio, digits=digits) == shown


@given(st.text(max_size=5000), st.integers(min_value=2, max_value=300))
def test_capped_text_is_one_short_printable_line(words: str, most: int) -> None:
    """Alert text is hostile: it is one line, without control characters, never longer than allowed."""
    shown = text.capped(words, most)
    assert len(shown) <= most
    assert shown.isprintable()


@given(st.text(max_size=3000))
def test_prose_keeps_lines_and_nothing_that_controls(words: str) -> None:
    """Somebody's own words keep their lines, and lose what a terminal or a page would act on."""
    shown = text.prose(words)
    assert all(character == "\n" or character.isprintable() for character in shown)
    assert "\n\n\n" not in shown


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example/x",
        "/relative",
        "http://",
        "https://a b",
        "http://[",
        "ftp://files.example",
        "https://x.example/\nx",
        "",
        None,
    ],
)
def test_only_web_addresses_become_links(url: str | None) -> None:
    """Links only http and https, with a host."""
    assert text.web_link(url) is None


def test_a_web_address_stays_as_it_is() -> None:
    """What is a web address is not touched."""
    assert text.web_link("https://git.example/compare/1...2?x=1#y") == "https://git.example/compare/1...2?x=1#y"


@pytest.mark.parametrize(
    ("before", "shown"),
    [
        (timedelta(hours=1), "01:45"),
        (timedelta(hours=5), "Wed 21:45"),
        (timedelta(days=10), "2 Nov 02:45"),
        (timedelta(days=400), "8 Oct 2025 02:45"),
    ],
)
def test_a_clock_time_says_its_day_when_it_is_another(before: timedelta, shown: str) -> None:
    """A time without its day is a trap at night."""
    assert text.clock(NOW - before, NOW) == shown


def test_budgets_share_one_unit() -> None:
    """Left and whole are told in the same unit, and never below nothing."""
    assert text.budget_minutes(26.4, 43.2) == "26 of 43\u00a0min"
    assert text.budget_minutes(204, 432) == "3.4 of 7.2\u00a0h"
    assert text.budget_minutes(-5, 0.72) == "0 of 43\u00a0s"


def test_what_nobody_counted_further_says_so() -> None:
    """A list with more incidents than are counted shows a plus."""
    assert [text.counted(number) for number in (0, 9_999, 10_000)] == ["0", "9,999", "10,000+"]
