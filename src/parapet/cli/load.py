"""From `module:object` to the host's Parapet."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from parapet.app import Parapet
from parapet.core.errors import ConfigurationError, UnknownName
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
    try:
        module = import_module(module_name)
    except ImportError as error:
        raise ConfigurationError(
            f"Cannot import {module_name!r}: {error}. Run this from the project's folder."
        ) from error
    found = getattr(module, attribute, None)
    if found is None:
        raise UnknownName.of(f"object in {module_name}", attribute, [n for n in vars(module) if not n.startswith("_")])
    if not isinstance(found, Parapet):
        raise ConfigurationError(f"{spec} is a {type(found).__name__}; expected a Parapet.")
    return found
