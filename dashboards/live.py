"""Owns reading the live tables: short read-only queries on the core as bi_reader."""

import pandas as pd
import psycopg
import streamlit as st

from dashboards.config import load_settings
from dashboards.queries import PAGES
from dashboards.queries.query import Query

# One read serves every open Fraud desk: however many watch, the core sees one query in two seconds.
SHARED_FOR_SECONDS = 2


class NotReachable(Exception):
    """The live tables do not answer."""


def read_live(dsn: str, query: Query, parameters: dict[str, object]) -> pd.DataFrame:
    """Answer one live query on a connection of its own. Raises NotReachable."""
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            cursor = connection.execute(query.sql.encode(), parameters)
            columns = [column.name for column in cursor.description or ()]
            return pd.DataFrame(cursor.fetchall(), columns=columns)
    except psycopg.OperationalError as error:
        raise NotReachable(str(error).splitlines()[0]) from error


@st.cache_data(ttl=SHARED_FOR_SECONDS, max_entries=20, show_spinner=False)
def _shared_answer(dsn: str, query: Query, parameters: dict[str, object]) -> pd.DataFrame:
    return read_live(dsn, query, parameters)


def fetch_live(page: str, query: Query, **parameters: object) -> pd.DataFrame:
    """Answer one of a page's live queries, at most two seconds old. Raises NotReachable."""
    if query not in PAGES[page]:
        raise LookupError(f"{query.name} is not a query of the page {page}")
    try:
        dsn = load_settings().live_dsn()
    except FileNotFoundError as error:
        raise NotReachable("the password of bi_reader has not been made yet") from error
    return _shared_answer(dsn, query, parameters)
