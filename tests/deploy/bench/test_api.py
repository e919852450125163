"""The API bench: its arithmetic, and that no route of a booking's life is left out."""

from deploy.bench.api import audit_figure, figures
from deploy.bench.audit_rows import MONTHS, _months_back

# One round on a quiet machine and one on a busy one.
ROUNDS = {"empty": [[1.0, 2.0], [10.0, 20.0]], "book": [[6.0, 8.0], [60.0, 80.0]]}


def test_ratio_of_a_route_is_taken_inside_its_round() -> None:
    found = {figure.name: figure for figure in figures(ROUNDS)}

    assert found["book_p99_over_empty"].runs == (4.0, 4.0)
    assert found["book_p50_ms"].runs == (6.0, 60.0)
    assert found["book_p99_over_empty"].reference is not None
    assert "empty_p99_over_empty" not in found


def test_words_are_held_against_their_goal() -> None:
    assert audit_figure([[1.0] * 99 + [400.0], [2.0], [3.0]]).is_ok
    assert not audit_figure([[900.0], [900.0], [3.0]]).is_ok


def test_audit_entries_are_spread_over_whole_months_before_this_one() -> None:
    months = _months_back(MONTHS)

    assert len(months) == MONTHS + 1
    assert months == sorted(months)
    assert {(month.day, month.hour) for month in months} == {(1, 0)}
    assert (months[-1].year, months[-1].month) == (months[0].year + 1, months[0].month)
