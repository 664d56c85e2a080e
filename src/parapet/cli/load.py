"""From `module:object` to the host's Parapet."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from parapet.app import Parapet
from parapet.core.errors import ConfigurationError, UnknownName


def load_app(spec: str) -> Parapet:
    """The Parapet object that *spec* names, such as `shop.reliability:parapet`; the current folder is importable.

    Raises:
        ConfigurationError: the module cannot be imported, has no such object, or it is no Parapet.
    """
    module_name, separator, attribute = spec.partition(":")
    if not separator or not module_name or not attribute:
        raise ConfigurationError(
            f"{spec!r} does not say where Parapet lives. Write module:object, such as app:parapet."
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
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
