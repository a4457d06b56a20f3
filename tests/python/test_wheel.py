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
            command = [ROOT / "dev", "wheel", "--sdist", "--tarball"]
            done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=1500)
            assert done.returncode == 0, done.stdout + done.stderr
            built.truncate(0)
            built.write(run)
    (made,) = (ROOT / "dist").glob("limpet-*.whl")
    return made


def test_the_wheel_holds_what_it_should_and_no_more(wheel):
    tags = re.fullmatch(r"limpet-[\d.]+-py3-none-([\w.]+)\.whl", wheel.name)[1].split(".")
    assert "manylinux_2_17_x86_64" in tags, "newer functions of glibc are asked for: see tools/check_agent.py"
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
    archive = ROOT / "dist" / f"limpet-{wheel.name.split('-')[1]}.tar.gz"
    names = {name.split("/", 1)[1] for name in tarfile.open(archive).getnames() if "/" in name}
    tracked = subprocess.run(
        ["git", "ls-files", "src", "cmake", "python", "CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()
    assert not set(tracked) - names
    assert "web/dist/viewer.html" in names  # else the command has no viewer, or one needs npm
    assert not {name for name in names if name.startswith((".", "build", "dist"))}


def test_who_builds_from_source_is_told_what_is_missing(run, tmp_path):
    without = [f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in ("fmt", "CLI11")]
    done = run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", tmp_path, "-DSKBUILD=ON", *without])
    assert done.returncode != 0
    assert "apt-get install libfmt-dev libcli11-dev\n" in done.stderr


@pytest.mark.skipif(
    "LIMPET_TEST_LONG" not in os.environ and not shutil.which("ccache"), reason="compiles everything, and there is no ccache: --long"
)
def test_pip_builds_the_source_archive(wheel, run, tmp_path):
    """In a fresh environment without npm, as a user would; compiling what ccache does not have of ./dev wheel."""
    archive = ROOT / "dist" / f"limpet-{wheel.name.split('-')[1]}.tar.gz"
    venv = tmp_path / "venv"
    assert run(["/usr/bin/python3", "-m", "venv", venv]).returncode == 0
    (tmp_path / "bin").mkdir()
    for name in ("npm", "npx", "node"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\necho a build from source needs no npm >&2\nexit 1\n")
        (tmp_path / "bin" / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    # The compiler by the name that ./dev wheel gives it: ccache goes by that. (Python says what it was compiled with itself.)
    kept |= {"PATH": f"{tmp_path / 'bin'}:{kept['PATH']}", "CC": "/usr/bin/cc", "CXX": "/usr/bin/c++"}
    pip = [venv / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", archive]
    done = run(pip, env=kept, cwd=tmp_path, timeout=5000)
    assert done.returncode == 0, done.stderr

    (package,) = venv.glob("lib/python3.*/site-packages/limpet")
    files = {str(path.relative_to(package.parent)) for path in package.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert files == {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("limpet/") and not name.endswith("/")}
    assert run([venv / "bin" / "limpet", "--version"]).stdout.startswith("limpet ")
    check = "import limpet; limpet.start('r.limpet'); print(limpet.allocated_at(bytes(5000)) is not None)"
    assert run([venv / "bin" / "python", "-c", check], cwd=tmp_path).stdout == "True\n"
    page = run([venv / "bin" / "limpet", "report", "--html", "r.html", "r.limpet"], cwd=tmp_path)
    assert page.returncode == 0 and (tmp_path / "r.html").stat().st_size > 100_000, page.stderr


def test_the_tarball_works_where_it_is_unpacked(wheel, interpreter, run, environment, tmp_path):
    """Also inside another release of Debian, which has none of our libraries."""
    (archive,) = (ROOT / "dist").glob("limpet-*-linux-x86_64.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path)
    (tree,) = (path for path in tmp_path.iterdir() if path.is_dir())
    assert {path.name for path in tree.iterdir()} == {"bin", "lib", "licenses", "LICENSE", "README.md", "CHANGELOG.md"}
    assert {"libc6-dev", "libdw-dev", "libstdc++-12-dev"} <= {path.name for path in (tree / "licenses").iterdir()}
    headers = run(["readelf", "-ld", tree / "bin" / "limpet"]).stdout
    assert "INTERP" not in headers and "NEEDED" not in headers and "DYNAMIC" in headers  # static, at any address
    script = tmp_path / "p.py"
    script.write_text("import limpet; print(limpet.is_tracing(), type(limpet.allocated_at(object())).__name__)")
    environment["PYTHONPATH"] = str(tree / "lib")
    command = [tree / "bin" / "limpet", "run", "-q", "-o", tmp_path / "r.limpet", "--python", interpreter.python, script]
    done = run(interpreter.wrap(command), env=environment, cwd=tmp_path)
    assert done.stdout == "True Allocation\n" and done.stderr == "", done.stderr
    told = run([tree / "bin" / "limpet", "report", tmp_path / "r.limpet", "--json"], env=environment)
    assert told.returncode == 0, told.stderr


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
