"""Owns the charts: pure functions from a table to a chart with its alternative text."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

# Okabe and Ito: told apart under the common kinds of colour blindness and on light and dark ground.
BLUE, ORANGE, GREEN, RED, SKY, PINK = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7"
PALETTE = (BLUE, ORANGE, GREEN, RED, SKY, PINK)
DECISION_COLOURS = {"allow": BLUE, "review": ORANGE, "step_up": PINK, "block": RED}
SEAT_COLOURS = {"Sold": BLUE, "Held": ORANGE, "Open": "#A9B4C2"}
HEIGHT = 260
ROW_HEIGHT = 26


@dataclass(frozen=True)
class Figure:
    chart: alt.Chart | alt.LayerChart
    alt: str


def _whole(frame: pd.DataFrame, value: str) -> str:
    """The sentence of a chart that cannot be seen: how many points, the total, the largest."""
    if frame.empty:
        return "No data."
    top = frame.iloc[int(frame[value].argmax())]
    return f"{len(frame)} points, total {frame[value].sum():,.0f}, largest {top[value]:,.0f} ({top.iloc[0]})."


def bars_by_day(frame: pd.DataFrame, day: str, value: str, *, title: str, colour: str = BLUE) -> Figure:
    """One bar a day of `value`; `day` is the first column of the frame."""
    description = f"{title}, one bar a day. {_whole(frame, value)}"
    chart = (
        alt.Chart(frame)
        .mark_bar(color=colour, cornerRadiusTopLeft=2, cornerRadiusTopRight=2)
        .encode(
            x=alt.X(f"yearmonthdate({day}):T", title=None, axis=alt.Axis(format="%d %b")),
            y=alt.Y(f"{value}:Q", title=title, axis=alt.Axis(format="~s")),
            tooltip=[
                alt.Tooltip(f"{day}:T", title="Day", format="%a %d %b %Y"),
                alt.Tooltip(f"{value}:Q", title=title, format=",.0f"),
            ],
        )
        .properties(height=HEIGHT)
    )
    return Figure(chart, description)


def bars_by_hour(frame: pd.DataFrame, hour: str, value: str, *, title: str) -> Figure:
    """One bar an hour of `value`; `hour` is the first column of the frame."""
    description = f"{title}, one bar an hour. {_whole(frame, value)}"
    chart = (
        alt.Chart(frame)
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X(
                f"utcyearmonthdatehours({hour}):O",
                title="Hour (UTC)",
                axis=alt.Axis(format="%d %b %H:00", labelOverlap=True),
            ),
            y=alt.Y(f"{value}:Q", title=title, axis=alt.Axis(format="~s")),
            tooltip=[alt.Tooltip(f"{value}:Q", title=title, format=",.0f")],
        )
        .properties(height=HEIGHT)
    )
    return Figure(chart, description)


def stacked_by_day(
    frame: pd.DataFrame,
    day: str,
    value: str,
    kind: str,
    *,
    title: str,
    kind_title: str,
    colours: dict[str, str] | None = None,
) -> Figure:
    """One bar a day of `value`, cut by `kind`."""
    kinds = sorted(frame[kind].unique())
    scale = colours or dict(zip(kinds, PALETTE, strict=False))
    description = (
        f"{title} by {kind_title.lower()} ({', '.join(kinds)}), one bar a day. {_whole(frame, value)}"
    )
    chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X(f"yearmonthdate({day}):T", title=None, axis=alt.Axis(format="%d %b")),
            y=alt.Y(f"sum({value}):Q", title=title, axis=alt.Axis(format="~s", tickMinStep=1)),
            color=alt.Color(
                f"{kind}:N",
                title=None,
                scale=alt.Scale(domain=list(scale), range=list(scale.values())),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[
                alt.Tooltip(f"{day}:T", title="Day", format="%a %d %b %Y"),
                alt.Tooltip(f"{kind}:N", title=kind_title),
                alt.Tooltip(f"sum({value}):Q", title=title, format=",.0f"),
            ],
        )
        .properties(height=HEIGHT)
    )
    return Figure(chart, description)


def ranking(frame: pd.DataFrame, name: str, value: str, *, title: str, colour: str = BLUE) -> Figure:
    """Horizontal bars in the frame's order, the largest first; `name` is the first column."""
    description = f"{title}, one bar each, largest first. {_whole(frame, value)}"
    chart = (
        alt.Chart(frame)
        .mark_bar(color=colour, cornerRadiusEnd=2)
        .encode(
            x=alt.X(f"{value}:Q", title=title, axis=alt.Axis(format="~s")),
            y=alt.Y(f"{name}:N", title=None, sort=None, axis=alt.Axis(labelLimit=260, labelOverlap=False)),
            tooltip=[
                alt.Tooltip(f"{name}:N", title="Name"),
                alt.Tooltip(f"{value}:Q", title=title, format=",.0f"),
            ],
        )
        .properties(height=ROW_HEIGHT * len(frame) + 70)
    )
    return Figure(chart, description)


def share_by_day(frame: pd.DataFrame, day: str, share: str, *, title: str) -> Figure:
    """A line of shares between 0 and 1; the frame carries the share already divided from sums."""
    highest = frame[share].max() if not frame.empty else 0
    description = f"{title}, one point a day, {len(frame)} days, highest {100 * highest:.1f} %."
    chart = (
        alt.Chart(frame)
        .mark_line(color=BLUE, point=alt.OverlayMarkDef(color=BLUE, size=36))
        .encode(
            x=alt.X(f"{day}:T", title=None, axis=alt.Axis(format="%d %b")),
            y=alt.Y(f"{share}:Q", title=title, axis=alt.Axis(format="%"), scale=alt.Scale(zero=True)),
            tooltip=[
                alt.Tooltip(f"{day}:T", title="Day", format="%a %d %b %Y"),
                alt.Tooltip(f"{share}:Q", title=title, format=".1%"),
            ],
        )
        .properties(height=HEIGHT)
    )
    return Figure(chart, description)


def seats_by_departure(frame: pd.DataFrame, name: str, parts: Sequence[str]) -> Figure:
    """Sold, held and open seats of each departure as one bar; `parts` are the columns, in that order."""
    seats = frame.melt(id_vars=[name], value_vars=list(parts), var_name="state", value_name="seats")
    seats["rank"] = seats["state"].map({part: rank for rank, part in enumerate(parts)})
    description = f"Seats sold, held and open, one bar a departure, {len(frame)} departures, most sold first."
    chart = (
        alt.Chart(seats)
        .mark_bar()
        .encode(
            x=alt.X("seats:Q", title="Seats authorised"),
            y=alt.Y(f"{name}:N", title=None, sort=None, axis=alt.Axis(labelLimit=260, labelOverlap=False)),
            order=alt.Order("rank:Q"),
            color=alt.Color(
                "state:N",
                title=None,
                scale=alt.Scale(domain=list(SEAT_COLOURS), range=list(SEAT_COLOURS.values())),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[
                alt.Tooltip(f"{name}:N", title="Departure"),
                alt.Tooltip("state:N", title="State"),
                alt.Tooltip("seats:Q", title="Seats"),
            ],
        )
        .properties(height=ROW_HEIGHT * len(frame) + 70)
    )
    return Figure(chart, description)
