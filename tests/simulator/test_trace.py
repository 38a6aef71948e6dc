"""A day from a CSV file: read as it is meant, or refused with the line to look at."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.trace import Trace, TraceError, read_trace, write_trace
from simulator.weather import DAYS, day_named

GOOD = "time_s,solar_w,house_w\n0,0,300\n60,600,500\n90,0,400\n"


def written(tmp_path, text):
    path = tmp_path / "day.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_sun_is_a_line_between_rows_and_the_load_holds(tmp_path):
    trace = read_trace(written(tmp_path, GOOD))
    assert trace.at(-5) == (0, 300)
    assert trace.at(30) == (300, 300)
    assert trace.at(60) == (600, 500)
    assert trace.at(75) == (300, 500)
    assert trace.at(1000) == (0, 400)


def test_a_byte_order_mark_other_columns_and_blank_lines_are_no_matter(tmp_path):
    text = "\ufeffhouse_w, solar_w ,note,time_s\r\n300,0,x,0\r\n\r\n500,600,y,60\r\n"
    assert read_trace(written(tmp_path, text)).rows == ((0, 0, 300), (60, 600, 500))


@pytest.mark.parametrize(
    "text",
    [
        '"time_s","solar_w","house_w"\n0,0,300\n60,600.5,500\n',
        "time_s;solar_w;house_w\r\n0;0;300\r\n60;600,5;500\r\n",
        "time_s\tsolar_w\thouse_w\n0\t0\t300\n60\t600.5\t500\n",
        "\ufeffTime_s , Solar_W , House_W\n0 , 0 , 300\n60 , 600.5 , 500\n",
        "# my roof\n\ntime_s,solar_w,house_w\n0,-4.2,300\n# noon\n60,600.5,500\n",
        "house_w,note,solar_w,time_s\n300,,0,0\n500,x,600.5,60\n",
    ],
)
def test_what_spreadsheets_and_loggers_write_is_read(tmp_path, text):
    assert read_trace(written(tmp_path, text)).rows == ((0, 0, 300), (60, 600.5, 500))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: no column time_s, solar_w, house_w"),
        ("time_s,solar\n1,2\n", "line 1: no column solar_w, house_w"),
        ("time_s,solar_w,house_w\n0,1,2\n", "at least two rows, not 1"),
        (GOOD + "90,1,1\n", "line 5: time_s is 90, but the row before was at 90"),
        (GOOD + "120,a lot,1\n", "line 5: solar_w is 'a lot', which is no number"),
        (GOOD + "120,nan,1\n", "line 5: solar_w is nan"),
        (GOOD + "120,-300,1\n", "line 5: solar_w is -300, but must lie between 0"),
        (GOOD + "120,3,-1\n", "line 5: house_w is -1, but must lie between 0"),
        ("house_w,time_s,solar_w\n1,0,1\n1,x,1\n", "line 3: time_s is 'x', which is no number"),
        ("# mine\n\ntime_s,solar_w,house_w\n0,1,2\n60,1,\n", "line 5: house_w is '', which is no number"),
        (GOOD + "120,1\n", "line 5: only 2 cells, so house_w is missing"),
        (b"\xff\xfe\x00", "is not a text file"),
    ],
)
def test_a_broken_file_is_refused_in_one_sentence(tmp_path, text, says):
    with pytest.raises(TraceError, match=says) as refused:
        read_trace(written(tmp_path, text))
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TraceError, match=r"nowhere\.csv cannot be read: No such file"):
        read_trace(tmp_path / "nowhere.csv")


watts = st.floats(0, 20_000).map(lambda value: round(value, 1))


@settings(deadline=None)
@given(st.dictionaries(st.integers(0, 86_400), st.tuples(watts, watts), min_size=2))
def test_what_is_written_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("day") / "day.csv"
    trace = Trace(tuple((float(at), *row) for at, row in sorted(rows.items())))
    write_trace(trace, path)
    assert read_trace(path).rows == trace.rows


@pytest.mark.parametrize("name", sorted(DAYS))
def test_the_days_in_the_folder_are_the_ones_that_the_generator_makes(name):
    path = Path(__file__).parents[2] / "simulator" / "days" / f"{name}.csv"
    assert read_trace(path).rows == day_named(name).rows
