from sqlalchemy import create_engine, text

engine = create_engine("sqlite://")


def one() -> int:
    with engine.connect() as connection:
        return connection.execute(text("select 1")).scalar_one()
