"""limpet export on the command line: mistakes, bad places, and recordings that are hardly any."""

import gzip
import json
import os
import signal
import subprocess

import export_drive
import pytest

EVERY_SITE_FORMAT = ("pprof", "speedscope", "collapsed", "csv", "json", "parquet", "sarif", "prometheus")


def fails(recorded, *arguments, path=None):
    done = recorded.limpet("export", path or recorded.path, *arguments)
    assert done.returncode == 2 and done.stdout == "" and done.stderr.startswith("limpet: "), done
    *notes, error = done.stderr.splitlines()
    assert all("makes sense" in note for note in notes)
    return error


class TestMistakes:
    @pytest.mark.parametrize(("arguments", "said"), [
        (["--to", "flame"], "pprof, speedscope, collapsed, csv, json, parquet"),
        (["--to", "csv", "--what", "grown"], "--what means nothing to csv"),
        (["--to", "parquet", "--unit", "bytes"], "--unit means nothing to parquet"),
        (["--to", "pprof", "--what", "lost"], "live, grown, churned, peak, allocated"),
        (["--to", "pprof", "--unit", "blocks"], "bytes, objects"),
        (["--to", "csv", "--of", "lines"], "sites, types"),
        (["--to", "pprof", "--process", "one"], "neither"),
        (["--to", "pprof", "--process", "1"], "it has:"),
        (["--to", "dot"], "--target"),
        (["--to", "dot", "--target", "Sesion"], "did you mean"),
        (["--to", "dot", "--target", "Session", "--snapshot", "99"], "there are:"),
        ([], "--to"),
    ])  # fmt: skip
    def test_each_is_told_in_one_line_with_the_way_out(self, shop, arguments, said):
        assert said in fails(shop, *arguments)

    def test_help_shows_formats_and_examples(self, shop):
        text = shop.limpet("export", "--help").stdout
        assert all(f"\n  {form}" in text for form in (*EVERY_SITE_FORMAT, "dot")) and "go tool pprof" in text


class TestPlaces:
    @pytest.mark.parametrize("form", EVERY_SITE_FORMAT)
    def test_a_full_disk_is_told(self, shop, form):
        assert "No space left" in fails(shop, "--to", form, "-o", "/dev/full")

    def test_a_folder_that_is_not_there_is_told(self, shop, tmp_path):
        assert "No such file" in fails(shop, "--to", "csv", "-o", tmp_path / "gone/out.csv")

    def test_what_was_there_stays_until_the_new_file_is_whole(self, shop, tmp_path):
        (tmp_path / "out.csv").write_text("old")
        shop.limpet("export", shop.path, "--to", "csv", "-o", tmp_path / "out.csv")
        assert (tmp_path / "out.csv").read_text().startswith("pid,") and os.listdir(tmp_path) == ["out.csv"]
        fails(shop, "--to", "csv", "-o", tmp_path / "x.csv", path=tmp_path / "none.limpet")
        assert os.listdir(tmp_path) == ["out.csv"]

    def test_a_reader_that_leaves_is_no_error(self, shop):
        argv = [str(word) for word in shop.interpreter.limpet("export", shop.path, "--to", "json")]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.read(10)
            process.stdout.close()
            assert process.stderr.read() == b"" and process.wait(60) in (0, -signal.SIGPIPE)


class TestHardlyRecordings:
    def check_all(self, recorded):
        """Every format can be written and is well formed; how many sites there are."""
        assert gzip.decompress(recorded.export("pprof"))
        json.loads(recorded.text("speedscope"))
        json.loads(recorded.text("sarif"))
        assert recorded.text("csv").startswith("pid,")
        recorded.text("collapsed")
        parquet = recorded.export("parquet")
        assert parquet.startswith(b"PAR1") and parquet.endswith(b"PAR1")
        assert "# TYPE limpet_live_bytes gauge" in recorded.text("prometheus")
        export_drive.go_pprof("-top", recorded.file("pprof"))
        return len(json.loads(recorded.text("json"))["sites"])

    def test_a_program_without_python_that_allocates_nothing(self, any_interpreter, tmp_path):
        argv = [str(word) for word in any_interpreter.limpet("run", "-q", "-o", tmp_path / "r.limpet", "--", "/bin/true")]
        subprocess.run(argv, check=True, timeout=60)
        self.check_all(export_drive.Recorded(any_interpreter, tmp_path / "r.limpet"))

    def test_one_without_snapshots_says_how_to_get_one(self, any_interpreter, tmp_path):
        recorded = export_drive.record(any_interpreter, tmp_path, "shop.py", "--sessions", "5", "--alone", options=("--snapshots", "off"))
        assert self.check_all(recorded) > 10
        for arguments in (["--to", "csv", "--of", "types"], ["--to", "parquet", "--of", "types"], ["--to", "dot", "--target", "Session"]):
            assert "limpet snapshot PID" in fails(recorded, *arguments)

    def test_one_that_still_runs(self, any_interpreter, tmp_path):
        program = tmp_path / "runs.py"
        program.write_text("import sys, time\nkept = [bytearray(1000) for _ in range(1000)]\nprint('ready', flush=True)\ntime.sleep(60)\n")
        argv = [str(word) for word in any_interpreter.limpet_run(program, options=("-q", "-o", tmp_path / "r.limpet"))]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
            try:
                process.stdout.readline()
                assert self.check_all(export_drive.Recorded(any_interpreter, tmp_path / "r.limpet")) > 10
            finally:
                process.terminate()

    def test_one_that_is_damaged_is_told_and_the_rest_exported(self, any_interpreter, tmp_path):
        recorded = export_drive.record(any_interpreter, tmp_path, "shop.py", "--sessions", "50", "--alone")
        data = next(recorded.path.glob("p*/data"))
        content = data.read_bytes()
        data.write_bytes(content[: len(content) * 2 // 3])
        done = recorded.limpet("export", recorded.path, "--to", "csv")
        assert done.returncode == 0 and done.stdout.startswith("pid,")
        assert done.stderr.startswith("limpet: not all of the recording makes sense, and what does is exported: ")
        assert self.check_all(recorded) >= 0
        data.write_bytes(b"no recording at all")
        assert str(recorded.path) in fails(recorded, "--to", "csv")


