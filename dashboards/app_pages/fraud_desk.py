"""Owns the Fraud desk: what the streams see now, and what was decided lately."""

from datetime import timedelta

import pandas as pd
import streamlit as st

from dashboards import charts, formats
from dashboards.layout import card, open_page, show_empty, show_figure, show_numbers
from dashboards.live import NotReachable, fetch_live
from dashboards.queries import fraud_desk
from dashboards.warehouse import Reader, rows

PAGE = "fraud_desk"
REFRESH_SECONDS = 5
REVIEW_SCORE = 40
HISTORY_DAYS = 28
DAY = timedelta(hours=24)


@st.fragment(run_every=REFRESH_SECONDS)
def show_live() -> None:
    """Signals and scores as the fraud stream writes them, read again every five seconds."""
    st.subheader("Now, from the live stream", anchor=False)
    try:
        counts = fetch_live(PAGE, fraud_desk.LIVE_COUNTS, review_score=REVIEW_SCORE).iloc[0]
        signals = fetch_live(PAGE, fraud_desk.LIVE_SIGNALS)
        scores = fetch_live(PAGE, fraud_desk.LIVE_SCORES)
    except NotReachable as error:
        st.error(
            f"**The live tables do not answer:** {error}.\n\nRun `contrail status` to see what is down and "
            "`contrail up` to start it. The history below still stands.",
            icon=":material/cloud_off:",
        )
        return
    st.caption(f"read {counts['read_at']:%H:%M:%S} UTC, again every {REFRESH_SECONDS} s")
    opened, entities, delay = st.columns(3)
    with opened:
        card("open_fraud_signals", formats.count(counts["open_signals"]))
    with entities:
        card("entities_at_review", formats.count(counts["entities_at_review"]))
    with delay:
        card("signal_delay", commit_to_signal(signals))
    show_signals(signals)
    show_scores(scores)


def commit_to_signal(signals: pd.DataFrame) -> str:
    if signals.empty:
        return formats.NOTHING
    return f"{signals['delay_seconds'].astype(float).quantile(0.95):.2f} s"


def show_signals(signals: pd.DataFrame) -> None:
    st.markdown("**Signals of the last 24 hours**")
    if signals.empty:
        show_empty("No signal in the last 24 hours.", "An attack to look at comes with `contrail demo`.")
        return
    show_numbers(signals_in_words(signals), file_name="live_fraud_signals")


def signals_in_words(signals: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Raised (UTC)": pd.to_datetime(signals["raised_at"], utc=True),
            "Rule": signals["rule_id"],
            "Reason": signals["reason"],
            "Observed": signals["observed"].astype(float),
            "Limit": signals["threshold"].astype(float),
            "Mode": signals["mode"],
            "Entity": signals["entity_kind"],
            "Key": signals["entity_key"].map(formats.short_key),
            "Events": signals["event_count"],
        }
    )


def show_scores(scores: pd.DataFrame) -> None:
    st.markdown("**Scores in force**")
    if scores.empty:
        show_empty("No entity has a score now.", "Scores fall away when their window ends.")
        return
    numbers = pd.DataFrame(
        {
            "Score": scores["score"],
            "Entity": scores["entity_kind"],
            "Key": scores["entity_key"].map(formats.short_key),
            "Reasons": scores["reasons"].map(reasons_in_words),
            "In force until (UTC)": pd.to_datetime(scores["valid_until"], utc=True),
        }
    )
    show_numbers(numbers, file_name="live_fraud_scores")


def reasons_in_words(reasons: object) -> str:
    """The stream writes a list of reasons, each a sentence or an object that carries one."""
    parts = reasons if isinstance(reasons, list) else [reasons]
    return "; ".join(str(part.get("reason", part)) if isinstance(part, dict) else str(part) for part in parts)


def show_signal_history(reader: Reader) -> None:
    days = {"first_day": first_day(reader), "last_day": reader.publication.as_of.date()}
    history = reader.fetch(fraud_desk.SIGNAL_HISTORY, **days)
    if history.empty:
        show_empty(f"No signal in the last {HISTORY_DAYS} days.", "Rules fire on live and simulated traffic.")
        return
    show_figure(
        f"Signals a day by rule, last {HISTORY_DAYS} days",
        charts.stacked_by_day(
            history, "raised_date", "signals", "rule_id", title="Signals", kind_title="Rule"
        ),
        history.rename(columns={"raised_date": "Day", "rule_id": "Rule", "signals": "Signals"}),
        file_name="fraud_signals_by_day",
    )
    recent = reader.fetch(fraud_desk.RECENT_SIGNALS, **days)
    with st.expander(f"The latest {len(recent)} signals"):
        show_numbers(signals_in_words(recent), file_name="fraud_signals")


def show_decisions(reader: Reader) -> None:
    decisions = reader.fetch(
        fraud_desk.DECISIONS, first_day=first_day(reader), last_day=reader.publication.as_of.date()
    )
    if decisions.empty:
        show_empty(
            f"No payment in the last {HISTORY_DAYS} days.", "Run `contrail demo` or `contrail simulate`."
        )
        return
    words = decisions.assign(fraud_decision=decisions["fraud_decision"].map(decision_in_words))
    show_figure(
        f"Payment decisions a day, last {HISTORY_DAYS} days",
        charts.stacked_by_day(
            words,
            "created_date",
            "payments",
            "fraud_decision",
            title="Payment attempts",
            kind_title="Decision",
            colours={decision_in_words(key): value for key, value in charts.DECISION_COLOURS.items()},
        ),
        pd.DataFrame(
            {
                "Day": words["created_date"],
                "Decision": words["fraud_decision"],
                "Payment attempts": words["payments"],
                "Of these failed": words["failed"],
                "Amount": [formats.major_units(row["amount_minor"], row["currency"]) for row in rows(words)],
                "Currency": words["currency"],
            }
        ),
        file_name="payment_decisions_by_day",
    )


def decision_in_words(decision: str) -> str:
    return decision.replace("_", "-")


def first_day(reader: Reader) -> object:
    return reader.publication.as_of.date() - timedelta(days=HISTORY_DAYS - 1)


reader = open_page(PAGE, "Fraud desk: signals now and decisions lately")
show_live()
st.subheader("Lately, from the warehouse", anchor=False)
as_of = reader.publication.as_of
stopped = reader.fetch_one(fraud_desk.STOPPED, starts_at=as_of - DAY, ends_at=as_of)
left, right = st.columns([1, 2])
with left:
    card("stopped_payments", f"{formats.count(stopped['stopped'])} of {formats.count(stopped['payments'])}")
left, right = st.columns(2)
with left:
    show_signal_history(reader)
with right:
    show_decisions(reader)
