"""What the environment decides."""

import os
from dataclasses import dataclass


@dataclass
class Settings:
    debug: bool = os.environ.get("DEBUG") == "1"
