"""From `module:object` to the host's Parapet."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from traceback import extract_tb

from parapet.app import Parapet
from parapet.core.errors import ConfigurationError, UnknownName
from parapet.core.guard import guarded
from parapet.install import manifest


def load_app(spec: str) -> Parapet:
    """The Parapet object that *spec* names, such as `shop.reliability:parapet`.

    The current folder is importable, and where an install wired what is in it, the folder that its modules are in.

    Raises:
        ConfigurationError: the module cannot be imported, has no such object, or it is no Parapet.
    """
    module_name, separator, attribute = spec.partition(":")
    if not separator or not module_name or not attribute:
        raise ConfigurationError(
            f"{spec!r} does not say where Parapet lives. Write module:object, such as app:parapet."
        )
    installed = manifest.found_in(Path())
    below = installed.import_folder if installed is not None else ""
    for folder in dict.fromkeys((Path.cwd(), (Path.cwd() / below).resolve())):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    module: object = None
    with guarded("cli.load", logs=False) as attempt:
        module = import_module(module_name)
    if isinstance(attempt.error, ConfigurationError):
        raise attempt.error  # of the Parapet object that is made there
    if attempt.error is not None:
        raise ConfigurationError(_why(module_name, attempt.error)) from attempt.error
    found = getattr(module, attribute, None)
    if found is None:
        raise UnknownName.of(f"object in {module_name}", attribute, [n for n in vars(module) if not n.startswith("_")])
    if not isinstance(found, Parapet):
        raise ConfigurationError(f"{spec} is a {type(found).__name__}; expected a Parapet.")
    return found


def _why(module_name: str, error: Exception) -> str:
    """Why the host's own module cannot be imported, and what to do."""
    frames = [one for one in extract_tb(error.__traceback__) if not one.filename.startswith("<frozen importlib")]
    here = Path.cwd()
    own = [one for one in frames if Path(one.filename).is_relative_to(here) and ".venv" not in one.filename]
    place = f" at {Path(own[-1].filename).relative_to(here)}:{own[-1].lineno}" if own else ""
    if isinstance(error, KeyError) and frames and frames[-1].filename in {"<frozen os>", os.__file__}:
        return (
            f"{module_name!r} reads the environment variable {error.args[0]}{place}, and it is not set. Run this with "
            "the environment that your service has."
        )
    if isinstance(error, ImportError):
        return f"Cannot import {module_name!r}: {error}{place}. Run this from the project's folder."
    told = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, SyntaxError):
        return f"Cannot import {module_name!r}: {told}."
    return f"Cannot import {module_name!r}: {told}{place}. Run this with the environment that your service has."
