"""Owns what every page shares: title with its moment, empty and error states, cards, charts with numbers."""

from datetime import UTC, datetime
from typing import Literal, NoReturn

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from dashboards import formats
from dashboards.charts import Figure
from dashboards.config import load_settings
from dashboards.definitions import help_text, label
from dashboards.queries import shared
from dashboards.warehouse import NotPublished, NotReadable, Reader, current_publication

ALL = "All"
UNCHANGED = "0 %"


def open_page(page: str, title: str) -> Reader:
    """Title the page with the moment its figures stand for; stop with advice where there are none."""
    try:
        publication = current_publication(load_settings().published)
        reader = Reader(page, publication)
        reader.check()
    except NotPublished:
        st.title(title)
        show_nothing_published()
    except NotReadable as error:
        st.title(title)
        show_not_readable(error)
    st.title(title)
    st.caption(
        f"Figures as of **{formats.moment(publication.as_of)}** "
        f"({formats.span(datetime.now(UTC) - publication.as_of)} ago) · days are UTC days · "
        f"version {publication.version}"
    )
    return reader


def show_nothing_published() -> NoReturn:
    st.info(
        "**Nothing has been published yet.** The pages read the warehouse's published file, and the first "
        "one is made when the warehouse has built and reconciled its tables.\n\n"
        "Run `contrail demo` to load the schedule, play travellers and build the warehouse; or, with a "
        "stack that is up, materialise the warehouse in Dagster. This page shows the figures on the next "
        "reload.",
        icon=":material/hourglass_empty:",
    )
    st.stop()


def show_not_readable(error: NotReadable) -> NoReturn:
    st.error(
        f"**The published figures cannot be read:** {error}.\n\n"
        "Publish again by materialising the asset `publish` in Dagster, or run `contrail demo`. "
        "`contrail logs dashboards` has the details.",
        icon=":material/error:",
    )
    st.stop()


def show_empty(what: str, advice: str) -> None:
    st.info(f"**{what}** {advice}", icon=":material/search_off:")


def choose_currency(reader: Reader) -> str:
    """The currency of the page's amounts: the most booked one, or the reader's choice among several."""
    currencies = reader.fetch(shared.CURRENCIES)["currency"].tolist()
    if not currencies:
        st.info(
            "**There are no bookings yet.** Run `contrail demo` or `contrail simulate`, then build the "
            "warehouse in Dagster.",
            icon=":material/hourglass_empty:",
        )
        st.stop()
    if len(currencies) == 1:
        return str(currencies[0])
    return str(st.selectbox("Currency", currencies, key="currency", bind="query-params", width=160))


def choose(label: str, names: dict[str, str], key: str) -> str | None:
    """A filter kept in the address; None is everything, the first of `names`, and is left out of it.

    Streamlit's own binding would write the words into the address; this writes the value they stand for.
    """
    options = list(names)
    asked = st.query_params.get(key, options[0])
    chosen = st.selectbox(
        label,
        options,
        index=options.index(asked) if asked in names else 0,
        format_func=lambda option: names.get(option, option),
        key=f"chosen_{key}",
    )
    if chosen == options[0]:
        st.query_params.pop(key, None)
        return None
    st.query_params[key] = chosen
    return str(chosen)


def card(
    key: str,
    value: str,
    *,
    delta: str | None = None,
    against: str | None = None,
    trend: list[float] | None = None,
    more_is_worse: bool = False,
) -> None:
    """One figure with its definition behind the `?`, its change and its recent course."""
    unchanged = delta is not None and delta.startswith(UNCHANGED)
    colour: Literal["normal", "inverse", "off"] = "inverse" if more_is_worse else "normal"
    st.metric(
        label(key),
        value,
        delta=delta,
        delta_color="off" if unchanged else colour,
        delta_arrow="off" if unchanged else "auto",
        delta_description=against if delta else None,
        help=help_text(key),
        border=True,
        chart_data=trend,
        chart_type="area",
    )


def show_figure(
    heading: str, figure: Figure, numbers: pd.DataFrame, *, file_name: str, definition: str | None = None
) -> None:
    """A heading, the chart, and under it the numbers it is drawn from with their download."""
    st.subheader(heading, help=help_text(definition) if definition else None, anchor=False)
    st.altair_chart(figure.chart, width="stretch", alt=figure.alt)
    with st.expander("The numbers"):
        show_numbers(numbers, file_name=file_name)


def show_numbers(numbers: pd.DataFrame, *, file_name: str) -> None:
    """The table (columns already in words) and its download."""
    st.dataframe(numbers, hide_index=True, width="stretch", column_config=_column_config(numbers))
    st.download_button(
        "Download CSV",
        numbers.to_csv(index=False).encode(),
        file_name=f"{file_name}.csv",
        mime="text/csv",
        icon=":material/download:",
        key=f"download_{file_name}",
        on_click="ignore",
    )


def _column_config(numbers: pd.DataFrame) -> dict[str, ColumnConfig]:
    config: dict[str, ColumnConfig] = {}
    for name in numbers.columns:
        kind = numbers[name].dtype
        if name.endswith("%"):
            config[name] = st.column_config.NumberColumn(format="%.1f")
        elif isinstance(kind, pd.DatetimeTZDtype):
            config[name] = st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm:ss", timezone="UTC")
        elif pd.api.types.is_datetime64_dtype(kind):
            config[name] = st.column_config.DateColumn(format="ddd D MMM YYYY")
        elif pd.api.types.is_numeric_dtype(kind):
            config[name] = st.column_config.NumberColumn(format="localized")
    return config
