"""Owns the navigation of the dashboards: which pages there are and where each is found."""

from pathlib import Path

import streamlit as st

from dashboards.config import load_settings
from dashboards.warehouse import NotPublished, NotReadable, current_publication

# A file of our own: a named icon would be fetched from a font service by every browser.
FAVICON = str(Path(__file__).with_name("favicon.svg"))
LOOK_FOR_NEW_FIGURES_SECONDS = 15

PAGES = [
    st.Page("app_pages/home.py", title="Home", icon=":material/home:", default=True),
    st.Page("app_pages/revenue.py", title="Revenue", icon=":material/payments:", url_path="revenue"),
    st.Page("app_pages/inventory.py", title="Inventory", icon=":material/event_seat:", url_path="inventory"),
    st.Page("app_pages/fraud_desk.py", title="Fraud desk", icon=":material/shield:", url_path="fraud-desk"),
    st.Page(
        "app_pages/data_quality.py", title="Data quality", icon=":material/verified:", url_path="data-quality"
    ),
]


def _published_version() -> str | None:
    try:
        return current_publication(load_settings().published).version
    except (NotPublished, NotReadable):
        return None


@st.fragment(run_every=LOOK_FOR_NEW_FIGURES_SECONDS)
def _follow_publication(drawn: str | None) -> None:
    """Run the page again when another version has been published since it was drawn."""
    if _published_version() != drawn:
        st.rerun()


st.set_page_config(page_title="Contrail", page_icon=FAVICON, layout="wide")
page = st.navigation(PAGES)
with st.sidebar:
    st.caption("Contrail: bookings as a stream, read from the warehouse.")
    _follow_publication(_published_version())
page.run()
