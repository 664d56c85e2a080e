"""What docs/notifications.md shows is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parapet import Parapet

PAGE = (Path(__file__).parents[2] / "docs" / "notifications.md").read_text()


def test_the_channels_shown_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the secrets in the environment, as it says."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    for name in re.findall(r'required\("(\w+)"\)', code):
        monkeypatch.setenv(name, "a-planted-secret-of-the-environment")
    made: dict[str, object] = {}
    exec(compile(code, "notifications.md", "exec"), made)
    parapet = made["parapet"]
    assert isinstance(parapet, Parapet)
    assert [channel.name for channel in parapet.channels] == ["slack", "email", "pagerduty"]


@pytest.mark.parametrize("named", re.findall(r"`(parapet\.notify\.\w+)\.(\w+)`", PAGE))
def test_the_channels_named_exist(named: tuple[str, str]) -> None:
    """A name that cannot be imported helps nobody."""
    module, name = named
    assert hasattr(__import__(module, fromlist=[name]), name)
