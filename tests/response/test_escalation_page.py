"""What docs/escalation.md shows is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from parapet import Parapet
from parapet.cli.main import main

PAGE = (Path(__file__).parents[2] / "docs" / "escalation.md").read_text()


def test_the_policy_shown_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the secrets in the environment; every channel that is named is there."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    for name in re.findall(r'required\("(\w+)"\)', code):
        monkeypatch.setenv(name, "a-planted-secret-of-the-environment")
    made: dict[str, object] = {}
    exec(compile(code, "escalation.md", "exec"), made)
    parapet = made["parapet"]
    assert isinstance(parapet, Parapet)
    parapet.on_call.check_channels([channel.name for channel in parapet.channels])
    assert [policy.name for policy in parapet.on_call.policies] == ["pages"]


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"`parapet (escalation \w+|oncall override|notify \w+)", PAGE)))
)
def test_the_commands_named_exist(command: str) -> None:
    """Each with its help."""
    assert CliRunner().invoke(main, [*command.split(), "--help"]).exit_code == 0
