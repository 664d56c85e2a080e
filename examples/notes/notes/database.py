"""People and their notes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ForeignKey, String, create_engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from werkzeug.security import check_password_hash, generate_password_hash

from notes.reliability import count_statements
from notes.settings import Settings

engine = create_engine(Settings.read().database)
count_statements(engine)


class Base(DeclarativeBase):
    """Every table."""


class Person(Base):
    """Somebody who writes."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    password: Mapped[str] = mapped_column(String(255))


class Note(Base):
    """What somebody wrote."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    text: Mapped[str] = mapped_column(String(10_000))


def prepare() -> None:
    """Make the tables that are missing."""
    Base.metadata.create_all(engine)


def sign_up(name: str, password: str) -> int | None:
    """A new person's number; None if the name is taken."""
    with Session(engine) as session:
        person = Person(name=name, password=generate_password_hash(password))
        session.add(person)
        try:
            session.commit()
        except IntegrityError:
            return None
        return person.id


def check(name: str, password: str) -> int | None:
    """The number of the person of that name; None if there is none, or the password is another."""
    with Session(engine) as session:
        person = session.scalar(select(Person).where(Person.name == name))
        return person.id if person is not None and check_password_hash(person.password, password) else None


def write(person_id: int, text: str) -> None:
    """One note more."""
    with Session(engine) as session:
        session.add(Note(person_id=person_id, text=text))
        session.commit()


def texts(person_id: int) -> Sequence[str]:
    """Everything that somebody wrote, the oldest first."""
    with Session(engine) as session:
        return session.scalars(select(Note.text).where(Note.person_id == person_id).order_by(Note.id)).all()
