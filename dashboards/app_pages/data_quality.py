"""Owns the Data quality page: whether the warehouse can be believed, and how late it is."""

from datetime import timedelta

import pandas as pd
import streamlit as st

from dashboards import charts, formats
from dashboards.layout import card, open_page, show_empty, show_figure, show_numbers
from dashboards.queries import data_quality, shared
from dashboards.warehouse import Reader

LOADS_SHOWN = timedelta(days=2)


def show_cards(reader: Reader) -> None:
    state = reader.fetch_one(shared.RECONCILIATION_STATE)
    tables = reader.fetch(data_quality.TABLE_FRESHNESS)
    quarantined = reader.fetch(data_quality.QUARANTINE)
    delay = tables["load_delay_seconds"].dropna()
    columns = st.columns(5)
    with columns[0]:
        card(
            "reconciled_tables",
            f"{formats.count(state['equal_tables'])} of {formats.count(state['tables'])}",
        )
    with columns[1]:
        card("rows_compared", formats.count(state["source_rows"]))
    with columns[2]:
        card("change_events", formats.count(tables["event_count"].sum()))
    with columns[3]:
        card("load_delay", formats.NOTHING if delay.empty else f"{delay.median():.0f} s")
    with columns[4]:
        card("quarantined_files", formats.count(len(quarantined)))


def show_reconciliation(reader: Reader) -> None:
    tables = reader.fetch(data_quality.RECONCILIATION)
    st.subheader("Warehouse against source", help=None, anchor=False)
    if tables.empty:
        show_empty("Nothing has been compared yet.", "Materialise `reconciliation` in Dagster.")
        return
    apart = tables[["missing", "extra", "different"]].sum().sum()
    checked = formats.moment(tables["checked_at"].max())
    if apart == 0:
        st.success(
            f"Every row of {len(tables)} tables equals its source: 0 missing, 0 extra, 0 different "
            f"(compared {checked}).",
            icon=":material/check_circle:",
        )
    else:
        st.error(
            f"{formats.count(apart)} rows differ from the source (compared {checked}). "
            "Run `contrail reconcile` for the keys.",
            icon=":material/error:",
        )
    show_numbers(
        pd.DataFrame(
            {
                "Table": tables["table_name"],
                "Rows in the source": tables["source_rows"],
                "Missing": tables["missing"],
                "Extra": tables["extra"],
                "Different": tables["different"],
                "Compared at (UTC)": tables["checked_at"],
            }
        ),
        file_name="reconciliation",
    )


def show_freshness(reader: Reader) -> None:
    tables = reader.fetch(data_quality.TABLE_FRESHNESS)
    if tables.empty:
        show_empty("No table has been loaded yet.", "The loader starts by itself; see `contrail status`.")
        return
    largest = tables.sort_values("event_count", ascending=False)
    show_figure(
        "Change events and freshness by table",
        charts.ranking(largest, "table_name", "event_count", title="Change events", colour=charts.GREEN),
        pd.DataFrame(
            {
                "Table": tables["table_name"],
                "Rows now": tables["row_count"],
                "Change events": tables["event_count"],
                "Latest change (UTC)": tables["max_source_ts"],
                "Latest load (UTC)": tables["max_loaded_at"],
                "Commit to warehouse, s": tables["load_delay_seconds"].round(1),
            }
        ),
        file_name="table_freshness",
        definition="load_delay",
    )


def show_loads(reader: Reader) -> None:
    hours = reader.fetch(data_quality.LOADS_BY_HOUR, starts_at=reader.publication.as_of - LOADS_SHOWN)
    loads = reader.fetch(data_quality.LOADS)
    if hours.empty:
        show_empty("No file was loaded in the last two days.", "See `contrail status` for the landing flow.")
        return
    show_figure(
        "Rows loaded by hour, last two days",
        charts.bars_by_hour(hours, "hour", "rows_loaded", title="Rows loaded"),
        hours.rename(columns={"hour": "Hour (UTC)", "files": "Files", "rows_loaded": "Rows loaded"}),
        file_name="loads_by_hour",
    )
    with st.expander(f"The latest {len(loads)} loads"):
        show_numbers(
            pd.DataFrame(
                {
                    "Loaded at (UTC)": loads["loaded_at"],
                    "Topic": loads["topic"],
                    "Partition": loads["partition"],
                    "From offset": loads["start_offset"],
                    "To offset": loads["next_offset"],
                    "Rows": loads["row_count"],
                    "Contract": loads["contract_status"],
                }
            ),
            file_name="loads",
        )


def show_quarantine(reader: Reader) -> None:
    files = reader.fetch(data_quality.QUARANTINE)
    st.subheader("Quarantine", anchor=False)
    if files.empty:
        st.success("No file is in quarantine.", icon=":material/check_circle:")
        return
    st.warning(
        f"{len(files)} files wait with their topic. Mend the cause, then materialise `change_log`.",
        icon=":material/report:",
    )
    show_numbers(
        pd.DataFrame(
            {
                "Quarantined at (UTC)": files["quarantined_at"],
                "Topic": files["topic"],
                "Partition": files["partition"],
                "File": files["path"],
                "Reason": files["reason"],
            }
        ),
        file_name="quarantine",
    )


reader = open_page("data_quality", "Data quality: is the warehouse equal to its source, and how late")
show_cards(reader)
show_reconciliation(reader)
left, right = st.columns(2)
with left:
    show_freshness(reader)
with right:
    show_loads(reader)
    show_quarantine(reader)
