"""Owns the published mart file: which one is current, the open connection to it, and cached answers."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import streamlit as st

from dashboards.queries import PAGES
from dashboards.queries.query import Query

Parameters = dict[str, object]
Row = dict[str, Any]

# The version on screen and the two before it: sessions that are in the middle of a run keep theirs.
OPEN_VERSIONS = 3
CACHED_ANSWERS = 1000


class NotPublished(Exception):
    """Nothing has been published yet."""


class NotReadable(Exception):
    """The published file or its pointer cannot be read."""


@dataclass(frozen=True)
class Publication:
    """One published version of the marts; `as_of` is the commit time of the newest change in it."""

    version: str
    path: Path
    published_at: datetime
    as_of: datetime


def current_publication(published: Path) -> Publication:
    """Read the pointer file. Raises NotPublished, NotReadable."""
    pointer = published / "current.json"
    try:
        fields = json.loads(pointer.read_text())
        publication = Publication(
            version=str(fields["version"]),
            path=published / fields["path"],
            published_at=datetime.fromisoformat(fields["published_at"]),
            as_of=datetime.fromisoformat(fields["max_source_ts"]),
        )
    except FileNotFoundError as error:
        raise NotPublished(f"{pointer} does not exist") from error
    except (ValueError, KeyError, TypeError) as error:
        raise NotReadable(f"{pointer} is not a valid pointer: {error}") from error
    if not publication.path.is_file():
        raise NotReadable(f"{pointer} names {publication.path.name}, which does not exist")
    return publication


def open_publication(path: Path) -> duckdb.DuckDBPyConnection:
    """Open one published file read-only, in UTC and with no way to other files or the network."""
    try:
        connection = duckdb.connect(
            path,
            read_only=True,
            config={"enable_external_access": "false", "autoinstall_known_extensions": "false"},
        )
    except duckdb.Error as error:
        raise NotReadable(f"{path.name} cannot be opened: {error}") from error
    connection.execute("set timezone = 'UTC'")
    connection.execute("set lock_configuration = true")
    return connection


def answer(connection: duckdb.DuckDBPyConnection, query: Query, parameters: Parameters) -> pd.DataFrame:
    """Run one query on a cursor of its own: one connection serves many sessions."""
    with connection.cursor() as cursor:
        cursor.execute(query.sql, parameters)
        columns = {str(name): str(kind) for name, kind, *_ in cursor.description or ()}
        frame = pd.DataFrame(cursor.fetchall(), columns=list(columns))
    return frame.assign(**{name: _typed(frame[name], kind) for name, kind in columns.items()})


def _typed(values: "pd.Series[Any]", kind: str) -> "pd.Series[Any]":
    """A column as pandas knows it. Sums of integers, 128 bits in DuckDB, stay whole numbers."""
    if kind == "DATE":
        return pd.to_datetime(values)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return pd.to_datetime(values, utc=True)
    if kind.endswith("INT") or kind == "INTEGER":
        return values.astype("float64" if values.isna().any() else "int64")
    if kind == "DOUBLE" or kind.startswith("DECIMAL"):
        return values.astype("float64")
    return values


def rows(frame: pd.DataFrame) -> list[Row]:
    """The rows of an answer, each by column name."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


@st.cache_resource(max_entries=OPEN_VERSIONS, show_spinner=False)
def _connection(path: Path) -> duckdb.DuckDBPyConnection:
    return open_publication(path)


@st.cache_data(max_entries=CACHED_ANSWERS, show_spinner=False)
def _cached_answer(path: Path, query: Query, parameters: Parameters) -> pd.DataFrame:
    return answer(_connection(path), query, parameters)


@dataclass(frozen=True)
class Reader:
    """Answers the queries of one page, and no others, from one published version."""

    page: str
    publication: Publication

    def check(self) -> None:
        """Raise NotReadable unless the published file opens."""
        _connection(self.publication.path)

    def fetch(self, query: Query, **parameters: object) -> pd.DataFrame:
        """Answer a query; the cache is keyed by file, query and parameters."""
        if query not in PAGES[self.page]:
            raise LookupError(f"{query.name} is not a query of the page {self.page}")
        return _cached_answer(self.publication.path, query, parameters)

    def fetch_one(self, query: Query, **parameters: object) -> Row:
        """Answer a query of exactly one row."""
        frame = self.fetch(query, **parameters)
        if len(frame) != 1:
            raise LookupError(f"{query.name} answered {len(frame)} rows, not one")
        return rows(frame)[0]
