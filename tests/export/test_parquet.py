"""Tables as Parquet files, as DuckDB and arrow-rs (arro3) read them: two readers that have no code in common."""

import csv
import functools
import io
import json
import os
import pty
import subprocess
import sys

import arro3.core
import arro3.io
import duckdb
import export_drive
import pytest
from export_drive import MEASURES

SITES = ["pid", "function", "file", "line", "kind", "type", *(f"{m}_{unit}" for m in MEASURES for unit in ("bytes", "objects")), "stack"]
TYPES = ["pid", "type", "objects", "bytes"]
TEXTS = {"function", "file", "kind", "type", "stack"}
COLUMNS = {"sites": SITES, "types": TYPES}


def by_duckdb(path):
    """{column: its type}, the rows."""
    table = duckdb.from_parquet(str(path))
    kinds = {"BIGINT": "number", "VARCHAR": "text"}
    columns = {name: kinds[str(kind)] for name, kind in zip(table.columns, table.types)}
    return columns, [dict(zip(columns, row)) for row in table.fetchall()]


def by_arrow(path):
    table = arro3.io.read_parquet(str(path)).read_all()
    number, text = arro3.core.DataType.int64(), arro3.core.DataType.utf8()
    columns = {field.name: {number: "number", text: "text"}[field.type] for field in table.schema}
    cells = {name: [cell.as_py() for cell in table[name]] for name in columns}
    return columns, [dict(zip(columns, row)) for row in zip(*cells.values())]


READERS = pytest.mark.parametrize("read", [by_duckdb, by_arrow], ids=["duckdb", "arrow-rs"])


def once(make):
    """The tables of a recording are made and read once."""
    known = {}

    @functools.wraps(make)
    def table(recorded, rows):
        key = (recorded.path, rows)
        if key not in known:
            known[key] = make(recorded, rows)
        return known[key]

    return table


@once
def of_csv(recorded, rows):
    """What the CSV has, with numbers as numbers; where a type is not known, None: CSV has no word for it."""
    csv.field_size_limit(sys.maxsize)
    table = csv.DictReader(io.StringIO(recorded.text("csv", "--of", rows), newline=""))
    return [{name: (cell if name in TEXTS else int(cell)) if (name, cell) != ("type", "") else None for name, cell in row.items()} for row in table]


@once
def of_json(recorded, rows):
    """The same of the JSON."""
    table = json.loads(recorded.text("json", "--of", rows))[rows]
    if rows == "types":
        return table
    flat = []
    for row in table:
        cells = {key: row["stack"][0][key] for key in ("function", "file", "line")}
        cells |= {"pid": row["pid"], "kind": row["kind"], "type": row.get("type")}
        cells |= {f"{m}_{unit}": row[m][unit] for m in MEASURES for unit in ("bytes", "objects")}
        cells["stack"] = " <- ".join(f"{frame['function']} ({frame['file']}:{frame['line']})" for frame in row["stack"])
        flat.append(cells)
    return flat


@pytest.fixture(scope="module")
def hard(any_interpreter, tmp_path_factory):
    """A recording with hard names, and with more text than one row group takes."""
    return export_drive.record(any_interpreter, tmp_path_factory.mktemp("hard"), "hard_names.py")


@pytest.fixture(params=["shop", "hard"])
def recorded(request):
    return request.getfixturevalue(request.param)


class TestCells:
    @READERS
    @pytest.mark.parametrize("rows", COLUMNS)
    def test_each_is_that_of_the_csv_and_the_json(self, recorded, read, rows):
        columns, found = read(recorded.file("parquet", "--of", rows))
        assert columns == {name: "text" if name in TEXTS else "number" for name in COLUMNS[rows]} and list(columns) == COLUMNS[rows]
        assert len(found) > 20
        assert found == of_csv(recorded, rows)
        assert found == of_json(recorded, rows)

    @READERS
    def test_hard_names_come_through_whole(self, hard, read):
        functions = {row["function"] for row in read(hard.file("parquet"))[1]}
        assert {'quote"s and \\back', "comma, semi;colon", "new\nline\r\nand\ttab", "nul \0 byte", "NULL", "-1", "PAR1", "x" * 10_000} <= functions
        assert {"\u202eright to left \u05e9\u05dc\u05d5\u05dd", "\U0001f41a caf\u00e9 e\u0301", "'; DROP TABLE sites; --"} <= functions
        assert any(name.startswith("bad \ufffd") for name in functions) and not any("\udcff" in name for name in functions)

    def test_a_type_that_is_not_known_is_null_and_not_empty(self, shop):
        file = shop.file("parquet")
        unknown, empty = duckdb.sql(f"SELECT count(*) FILTER (type IS NULL), count(*) FILTER (type = '') FROM '{file}'").fetchall()[0]
        assert unknown == sum("type" not in site for site in json.loads(shop.text("json"))["sites"]) > 0 and empty == 0
        optional = duckdb.sql(f"SELECT name FROM parquet_schema('{file}') WHERE repetition_type = 'OPTIONAL'").fetchall()
        assert optional == [("type",)]


class TestFiles:
    def test_many_texts_are_several_row_groups(self, hard):
        groups = duckdb.sql(f"SELECT DISTINCT row_group_id, row_group_num_rows FROM parquet_metadata('{hard.file('parquet')}')").fetchall()
        assert len(groups) > 1 and sum(rows for _, rows in groups) == len(of_csv(hard, "sites"))

    def test_statistics_are_those_of_the_rows(self, recorded):
        file, rows, begin = recorded.file("parquet"), of_csv(recorded, "sites"), {}
        told = duckdb.sql(
            "SELECT row_group_id, path_in_schema, num_values, stats_min_value, stats_max_value, stats_null_count "
            f"FROM parquet_metadata('{file}') ORDER BY row_group_id, column_id"
        ).fetchall()
        assert told
        for _, column, count, least, most, nulls in told:
            cells = [row[column] for row in rows[begin.get(column, 0) :][:count]]
            begin[column] = begin.get(column, 0) + count
            assert nulls == cells.count(None)
            if column not in TEXTS:
                assert (int(least), int(most)) == (min(cells), max(cells))
        assert begin == dict.fromkeys(SITES, len(rows))

    def test_a_filter_that_reads_the_statistics_finds_what_is_there(self, recorded):
        file, live = recorded.file("parquet"), sorted(row["live_bytes"] for row in of_csv(recorded, "sites"))
        for limit in {*live[:: len(live) // 8], live[-1], live[-1] + 1}:
            assert duckdb.sql(f"SELECT count(*) FROM '{file}' WHERE live_bytes >= {limit}").fetchall() == [(sum(bytes >= limit for bytes in live),)]

    @pytest.mark.parametrize("rows", COLUMNS)
    def test_it_says_what_it_is(self, shop, rows):
        file = shop.file("parquet", "--of", rows)
        assert duckdb.sql(f"SELECT key, value FROM parquet_kv_metadata('{file}')").fetchall() == [(b"schema", f"limpet.{rows}/1".encode())]
        assert duckdb.sql(f"SELECT created_by FROM parquet_file_metadata('{file}')").fetchall()[0][0].startswith("limpet version ")

    def test_it_is_smaller_than_the_csv(self, recorded):
        # Texts are there once, and all is packed: the CSV has all of a stack in each of its rows.
        assert recorded.file("parquet").stat().st_size < recorded.file("csv").stat().st_size / 3

    def test_a_pipe_gets_the_same_bytes_as_a_file(self, hard):
        assert hard.export("parquet") == hard.file("parquet").read_bytes()

    @READERS
    def test_a_recording_of_nothing_is_a_table_without_rows(self, any_interpreter, tmp_path, read):
        argv = [str(word) for word in any_interpreter.limpet("run", "-q", "-o", tmp_path / "r.limpet", "--", "/bin/true")]
        subprocess.run(argv, check=True, timeout=60)
        nothing = export_drive.Recorded(any_interpreter, tmp_path / "r.limpet")
        assert of_csv(nothing, "sites") == []
        columns, rows = read(nothing.file("parquet"))
        assert list(columns) == SITES and rows == []


@pytest.mark.parametrize("form", ["parquet", "pprof", "hprof"])
def test_a_terminal_gets_no_bytes(shop, form):
    ours, theirs = pty.openpty()
    argv = [str(word) for word in shop.interpreter.limpet("export", shop.path, "--to", form)]
    done = subprocess.run(argv, stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2 and done.stderr == f"limpet: {form} is nothing for a terminal: '-o FILE' names a file\n"
