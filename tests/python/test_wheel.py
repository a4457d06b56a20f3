"""The wheel: one file for all Pythons, installed into a fresh environment on each, where the documents' examples run."""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import tarfile
import zipfile

import pytest
from package_paths import PACKAGE

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs" / "python.md"]

pytestmark = pytest.mark.xdist_group("wheel")


@pytest.fixture(scope="module")
def wheel():
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    (ROOT / ".cache").mkdir(exist_ok=True)
    with open(ROOT / ".cache" / "wheel.run", "a+") as built:
        fcntl.flock(built, fcntl.LOCK_EX)  # the tests run in several processes, and dist/ is one
        built.seek(0)
        if built.read() != run:
            command = [ROOT / "dev", "wheel", "--sdist"]
            done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=1500)
            assert done.returncode == 0, done.stdout + done.stderr
            built.truncate(0)
            built.write(run)
    (made,) = (ROOT / "dist").glob("limpet-*.whl")
    return made


def test_the_wheel_holds_what_it_should_and_no_more(wheel):
    assert re.fullmatch(r"limpet-[\d.]+-py3-none-manylinux_2_\d+_x86_64\.whl", wheel.name)
    assert wheel.stat().st_size < 5_000_000
    names = {name for name in zipfile.ZipFile(wheel).namelist() if not name.split("/")[0].endswith(".dist-info") and not name.endswith("/")}
    sources = {f"limpet/{path.name}" for path in (ROOT / "python" / "limpet").iterdir() if path.is_file()}
    assert names == sources | {
        "limpet/_version.py",
        "limpet/_core.abi3.so",
        "limpet/_bin/limpet",
        "limpet/_bin/liblimpet_agent.so",
    }


def test_the_version_is_in_one_place(wheel):
    version = re.search(r"project\(limpet VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert wheel.name.split("-")[1] == version
    assert version in (PACKAGE / "limpet" / "_version.py").read_text()
    told = subprocess.run([PACKAGE / "limpet" / "_bin" / "limpet", "--version"], capture_output=True, text=True)
    assert told.stdout.split()[1] == version


def test_the_source_archive_has_all_that_a_build_needs(wheel):
    (archive,) = (ROOT / "dist").glob("limpet-*.tar.gz")
    names = {name.split("/", 1)[1] for name in tarfile.open(archive).getnames() if "/" in name}
    tracked = subprocess.run(
        ["git", "ls-files", "src", "cmake", "python", "CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()
    assert not set(tracked) - names
    assert not {name for name in names if name.startswith((".", "build", "dist"))}


def installed(wheel, interpreter, folder):
    """A folder that a pip of this machine installed the wheel into, for that interpreter; it runs where that lives."""
    target = folder / "site"
    words = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", "--target", target, wheel]
    tool = ROOT / ".venv-dev" / "bin" / "python"
    subprocess.run([tool, *words], check=True, timeout=120)
    return target


def test_an_installed_wheel_works(wheel, interpreter, run, environment, tmp_path):
    target = installed(wheel, interpreter, tmp_path)
    environment["PYTHONPATH"] = str(target)
    shutil.copy(pathlib.Path(__file__).parent / "programs" / "loops.py", tmp_path / "loops.py")
    done = run(interpreter.command(tmp_path / "loops.py"), env=environment, cwd=tmp_path)
    assert done.stdout == "ok\n" and done.stderr == "", done.stderr
    done = run(interpreter.wrap([target / "bin" / "limpet", "--version"]), env=environment)
    assert done.stdout.startswith("limpet ") or interpreter.prefix, done.stderr


def test_a_fresh_environment_gets_the_command(wheel, any_interpreter, run, tmp_path):
    venv = tmp_path / "venv"
    assert run(any_interpreter.command("-m", "venv", venv)).returncode == 0
    python = venv / "bin" / "python"
    pip = run([python, "-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check", wheel])
    assert pip.returncode == 0, pip.stderr
    script = tmp_path / "p.py"
    script.write_text("import sys, limpet; print(sys.prefix, limpet.is_tracing())")
    done = run([venv / "bin" / "limpet", "run", "-q", "-o", tmp_path / "r.limpet", script])
    assert done.stdout.split() == [str(venv), "True"], done.stderr
    check = "import importlib.metadata as m, limpet; assert m.version('limpet') == limpet.__version__"
    assert run([python, "-c", check]).returncode == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_the_documents_run(page, interpreter, run, environment, tmp_path):
    """Indented blocks that use limpet are run as one program, with the few names they take from the reader's own."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
    code = [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in blocks if "limpet." in block and "$" not in block]
    code = [block for block in code if not re.match(r"\s*(limpet|LEAK|\./dev|build/) ?", block)]
    assert code
    program = tmp_path / "examples.py"
    program.write_text(PREPARED + "\n".join(f"{ENTER}\n{block}" if "record(" not in block else block for block in code))
    done = run(interpreter.command(program), env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr + program.read_text()


PREPARED = """
import limpet
class Session: pass
SESSIONS = {}
def serve():
    global session, obj
    for number in range(50): SESSIONS[number] = Session()
    session = obj = SESSIONS[3]
handle = requests = None
def handle(request): serve()
requests = range(20)
limpet.start()
serve()
older = limpet.snapshot()
limpet.stop()
"""
ENTER = """
if not limpet.is_tracing(): limpet.start()
serve()
older = limpet.snapshot()
"""
