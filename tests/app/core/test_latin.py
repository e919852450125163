"""Names in the twenty-six letters."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.latin import latin_letters


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("Lovelace", "LOVELACE"),
        ("O'Neill", "ONEILL"),
        ("O’Neill", "ONEILL"),
        ("Jean-Luc", "JEAN LUC"),
        ("de la  Cruz", "DE LA CRUZ"),
        ("Ü", "UE"),
        ("Müller", "MUELLER"),
        ("Mu\u0308ller", "MUELLER"),
        ("Strauß", "STRAUSS"),
        ("Ångström", "AANGSTROEM"),
        ("Søren", "SOEREN"),
        ("Peña", "PENA"),
        ("Łukasz", "LUKASZ"),
        ("Nguyễn", "NGUYEN"),
        ("Щербаков", "SHCHERBAKOV"),
        ("Юлия", "IULIIA"),
        ("Їжакевич", "IZHAKEVICH"),
        ("Ψαρράς", "PSARRAS"),
        ("王小明", "WANG XIAO MING"),
        ("김", "GIM"),
        ("やまだ", "YAMADA"),
        ("כהן", "KHN"),
        ("Q", "Q"),
        ("…", ""),
    ],
)
def test_names_are_spelled_by_the_stated_rule(written: str, spelled: str) -> None:
    assert latin_letters(written) == spelled


@given(st.text(max_size=60))
def test_whatever_is_written_only_letters_and_single_spaces_are_left(text: str) -> None:
    assert re.fullmatch(r"([A-Z]+( [A-Z]+)*)?", latin_letters(text))
