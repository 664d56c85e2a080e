"""What is said where the host's own module cannot be imported: why, where, and what to do, in a sentence."""

from __future__ import annotations

import sys
from contextlib import chdir
from pathlib import Path

import pytest
from click.testing import CliRunner

from parapet.cli.load import load_app
from parapet.cli.main import main
from parapet.core.errors import ConfigurationError

BROKEN = {
    "unset": ('import os\nURL = os.environ["LOAD_URL"]\n', "reads the environment variable LOAD_URL at unset.py:2"),
    "unready": ('raise Exception("Settings are not configured.")\n', "Settings are not configured. at unready.py:1"),
    "unwritten": ("def\n", "SyntaxError: invalid syntax (unwritten.py, line 1)"),
    "unfound": ("import that_is_nowhere\n", "No module named 'that_is_nowhere' at unfound.py:1"),
    "unsound": ('from parapet import Parapet\nParapet(service="")\n', "service"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_module_that_cannot_be_imported_is_explained(name: str, tmp_path: Path) -> None:
    """Whatever it raises; the sentences of Parapet's own settings stay as they are."""
    text, said = BROKEN[name]
    (tmp_path / f"{name}.py").write_text(text)
    path = list(sys.path)
    with chdir(tmp_path), pytest.raises(ConfigurationError) as refused:
        load_app(f"{name}:parapet")
    sys.path[:] = path
    assert said in refused.value.message


def test_the_doctor_that_could_not_look_says_so(tmp_path: Path) -> None:
    """Status 2, which a pipeline tells from trouble that was found."""
    (tmp_path / "unheard.py").write_text('import os\nURL = os.environ["LOAD_URL"]\n')
    path = list(sys.path)
    with chdir(tmp_path):
        told = CliRunner().invoke(main, ["doctor", "--app", "unheard:parapet"])
    sys.path[:] = path
    assert (told.exit_code, told.stdout) == (2, "")
    assert told.stderr.startswith("Error: The doctor could not look: 'unheard' reads the environment variable LOAD_URL")
