"""What starting the API costs: the libraries that its import must not bring along."""

import subprocess
import sys

import pytest

# Each takes a tenth of a second and more, or drags in what does, and few requests or none need it.
NOT_AT_START = {
    "reportlab": "the first receipt imports it",
    "icalendar": "the first calendar imports it",
    "segno": "the first boarding pass imports it",
    "aiosmtplib": "only the chores send mail",
    "jinja2": "only the chores write letters",
    "stripe": "the first payment through it imports it",
    "paypalserversdk": "the first payment through it imports it",
    "hvac": "only where a Vault is used",
    "PIL": "comes with reportlab",
    "numpy": "belongs to the analysts' side",
    "pandas": "belongs to the analysts' side",
    "pyarrow": "belongs to the analysts' side",
    "duckdb": "belongs to the analysts' side",
    "dagster": "belongs to the warehouse",
    "dbt": "belongs to the warehouse",
    "great_expectations": "belongs to the warehouse",
    "streamlit": "belongs to the dashboards",
    "bytewax": "belongs to the streams",
    "confluent_kafka": "the core knows no broker",
    "alembic": "belongs to the migrations",
}
IMPORT_LIMIT_SECONDS = 120


def imported_by(module: str) -> set[str]:
    """The libraries that importing a module brings along, in a process of its own."""
    program = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=IMPORT_LIMIT_SECONDS,
        check=True,
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def at_start() -> set[str]:
    return imported_by("app.main")


@pytest.mark.parametrize(("library", "reason"), NOT_AT_START.items(), ids=list(NOT_AT_START))
def test_api_starts_without_what_few_requests_need(at_start: set[str], library: str, reason: str) -> None:
    assert library not in at_start, reason


def test_chores_do_import_what_they_write_letters_with() -> None:
    """The negative control: the list would be met by a look that sees nothing."""
    assert {"jinja2", "aiosmtplib"} <= imported_by("app.notifications.delivery_service")
