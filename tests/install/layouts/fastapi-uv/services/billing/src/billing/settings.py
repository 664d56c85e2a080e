import os
from functools import lru_cache


class Settings:
    def __init__(self) -> None:
        self.database_url = os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///:memory:")
        self.cors_origins = os.environ.get("CORS_ORIGINS", "")


@lru_cache
def get_settings() -> Settings:
    return Settings()
