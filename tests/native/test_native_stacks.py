"""Native stacks: blocks of C code name the C functions that took them, however these were compiled and called."""

import json
import pathlib
import re
import subprocess

import limpet_drive
import pytest
from limpet_fixtures import every_python

HERE = pathlib.Path(__file__).parent
NATIVE = "main=1,follow=1,native=1,snapshots=off"
SHAPES = {
    "frame-pointers": ["-O2", "-fno-omit-frame-pointer"],
    "no-frame-pointers": ["-O2", "-fomit-frame-pointer"],
    "unoptimised": ["-O0"],
    "large-and-loud": ["-O3", "-mavx2", "-fstack-protector-all"],
}
PROGRAM = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.by_cpp_string.argtypes = [ctypes.c_char_p]
for name, *arguments in [("by_plain_calls",), ("by_alloca", 700), ("by_realigned_frame",), ("by_recursion", 5), ("by_recursion", 500),
                         ("by_exception",), ("by_callback",), ("by_thread", 0), ("by_thread", 20480), ("by_alternate_stack",),
                         ("by_coroutine",), ("by_cpp_string", b"x" * 1009)]:
    if hasattr(library, name):
        getattr(library, name)(*arguments)
"""
# The functions that must be seen for the block of that size, innermost first; "*": the interpreter is where it ends.
EXPECTED = {
    1000: ["keep_block", "by_plain_calls", "*"],
    1001: ["keep_block", "by_alloca", "*"],
    1002: ["keep_block", "by_realigned_frame", "*"],
    1004: ["keep_block", "AllocatesAsItGoes::~AllocatesAsItGoes", "throws_past_an_object", "by_exception", "*"],
    1005: ["keep_block", "compare", "by_callback", "*"],
    1006: ["keep_block", "thread_body"],
    1007: ["keep_block", "handler"],
    1008: ["keep_block", "coroutine_body"],
    1010: ["by_cpp_string", "*"],
}


def compile_shape(name, folder):
    flags = SHAPES[name]
    return limpet_drive.compile_c(HERE / "stacks.cc", folder / f"lib{name}.so", "-shared", "-fPIC", "-pthread", *flags)


def names(process, library):
    """By size of block: its functions of `library` innermost first, and "*" where the interpreter ends the stack."""
    found = {}
    for size, _, native in process.native_sites():
        words = []
        frames = process.native_stack(native)
        for module, address in frames:
            if module == str(library):
                words += function_at(library, address - 1)
            elif pathlib.PurePath(module).name.startswith(("libpython", "python")) and (module, address) == frames[-1]:
                words.append("*")
        found.setdefault(size, []).append(words)
    return found


def function_at(library, address):
    argv = ["addr2line", "-f", "-i", "-C", "-e", str(library), hex(address)]
    told = subprocess.run(argv, capture_output=True, text=True, check=True)
    return [re.sub(r"(\(| \[clone|\.cold|\.localalias).*", "", line) for line in told.stdout.splitlines()[::2]]


def is_subsequence(expected, words):
    rest = iter(words)
    return all(word in rest for word in expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_way_of_being_called_is_seen(shape, one_python, folder):
    library = compile_shape(shape, folder)
    outcome = limpet_drive.run(
        [one_python.executable, "-c", PROGRAM, str(library)], recording=folder / "r.limpet", options=NATIVE
    )
    assert outcome.status == 0, outcome.stderr.decode()
    (process,) = outcome.processes()
    process.check()
    found = names(process, library)
    wrong = [
        f"{size}: expected {expected}, seen {found.get(size)}"
        for size, expected in EXPECTED.items()
        if not any(is_subsequence(expected, words) for words in found.get(size, []))
    ]
    assert not wrong, "\n".join(wrong)
    depths = sorted(words.count("by_recursion") for words in found[1003] if "keep_block" in words)
    assert depths[0] == 6 and depths[1] > 50, f"recursion to 5 and to 500 is seen as {depths}"


def test_code_without_tables_is_walked_by_frame_pointers(one_python, folder):
    source = folder / "bare.c"
    source.write_text(
        "#include <stdlib.h>\nvoid* kept;\n"
        '__attribute__((noinline)) void innermost(void) { kept = malloc(1000); __asm__ volatile("" ::: "memory"); }\n'
        '__attribute__((noinline)) void outer(void) { innermost(); __asm__ volatile("" ::: "memory"); }\n'
    )
    flags = ["-shared", "-fPIC", "-fno-omit-frame-pointer", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"]
    library = limpet_drive.compile_c(source, folder / "libbare.so", *flags)
    script = "import ctypes, sys; ctypes.CDLL(sys.argv[1]).outer()"
    outcome = limpet_drive.run([one_python.executable, "-c", script, str(library)], recording=folder / "r.limpet", options=NATIVE)
    (process,) = outcome.processes()
    assert ["innermost", "outer", "*"] in names(process, library)[1000]


@every_python()
def test_stacks_end_at_the_interpreter_and_carry_its_line(python, folder):
    library = compile_shape("no-frame-pointers", folder)
    script = folder / "app.py"
    script.write_text("import ctypes, sys\nlibrary = ctypes.CDLL(sys.argv[1])\ndef work():\n    library.by_plain_calls()\nwork()\n")
    outcome = limpet_drive.run(
        python.argv([str(script), str(library)]), recording=folder / "r.limpet", options=NATIVE, prefix=python.prefix
    )
    assert outcome.status == 0, outcome.stderr.decode()
    (process,) = outcome.processes()
    process.check()
    assert ["keep_block", "by_plain_calls", "*"] in names(process, library)[1000]
    frames = {process.stack(node)[0] for size, node, _ in process.native_sites() if size == 1000}
    assert (str(script), "work", 4) in {(frame.file, frame.function, frame.line) for frame in frames}


def test_stacks_at_the_end_of_small_stacks_do_no_harm(one_python, folder):
    """The unwinder needs room of its own: a program that just fits on its stack must go on to fit there."""
    library = compile_shape("no-frame-pointers", folder)
    script = (
        "import ctypes, sys\nlibrary = ctypes.CDLL(sys.argv[1])\n"
        "for depth in range(0, 200, 5): assert library.by_deep_thread(32768, depth) == 0\n"
    )
    outcome = limpet_drive.run([one_python.executable, "-c", script, str(library)], recording=folder / "r.limpet", options=NATIVE)
    assert outcome.status == 0, outcome.stderr.decode()


def test_without_being_asked_for_there_are_none(one_python, folder):
    outcome = limpet_drive.run([one_python.executable, "-c", "pass"], recording=folder / "r.limpet")
    (process,) = outcome.processes()
    assert process.natives == []


def test_a_library_that_goes_leaves_no_rules_behind(one_python, folder):
    """Another library comes to the addresses of one that went: stacks through it are its own."""
    libraries = []
    for name, fill in (("one", "char room[200]; "), ("two", "char room[900]; ")):
        source = folder / f"{name}.c"
        source.write_text(
            "#include <stdlib.h>\nvoid* kept;\n"
            f'__attribute__((noinline)) void inner_{name}(size_t n) {{ volatile {fill} room[n % 100] = 1; kept = malloc(n + room[n % 100] - 1); }}\n'
            f'__attribute__((noinline)) void outer(size_t n) {{ volatile {fill} room[n % 100] = 1; inner_{name}(n + room[n % 100] - 1); room[0] = 1; }}\n'
        )
        libraries.append(limpet_drive.compile_c(source, folder / f"lib{name}.so", "-shared", "-fPIC", "-fomit-frame-pointer"))
    script = (
        "import _ctypes, ctypes, sys\n"
        "for size, path in enumerate(sys.argv[1:] * 5, 5000):\n"
        "    library = ctypes.CDLL(path)\n"
        "    library.outer(size)\n"
        "    _ctypes.dlclose(library._handle)\n"
    )
    argv = [one_python.executable, "-c", script, *map(str, libraries)]
    outcome = limpet_drive.run(argv, recording=folder / "r.limpet", options=NATIVE)
    assert outcome.status == 0, outcome.stderr.decode()
    (process,) = outcome.processes()
    for name, library, mean in (("one", libraries[0], 5004), ("two", libraries[1], 5005)):
        assert [f"inner_{name}", "outer", "*"] in names(process, library).get(mean, [])
    assert len([size for size, _, _ in process.native_sites() if 5000 <= size < 5010]) == 2, "a library loaded anew is the same one"


def test_the_report_names_functions_and_lines(one_python, folder):
    source = folder / "leaky.c"
    source.write_text(
        "#include <stdlib.h>\n"
        "void* kept;\n"
        "__attribute__((noinline)) static void* make_node(int i) {\n"
        "  return kept = malloc(100 + i % 3);\n"
        "}\n"
        "void build_index(int n) { for (int i = 0; i < n; ++i) make_node(i); }\n"
    )
    library = limpet_drive.compile_c(source, folder / "libleaky.so", "-shared", "-fPIC", "-O2")
    script = folder / "app.py"
    script.write_text(
        "import ctypes, sys\nlibrary = ctypes.CDLL(sys.argv[1])\n"
        "for i in range(400):\n    library.build_index(100)\n    x = [bytearray(300) for _ in range(50)]\n"
    )
    report = folder / "report.json"
    argv = [str(limpet_drive.LIMPET), "run", "--native", "-o", str(folder / "r.limpet"), "--json", str(report),
            "--python", one_python.executable, str(script), str(library)]  # fmt: skip
    told = subprocess.run(argv, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0, told.stderr
    finding = json.loads(report.read_text())["findings"][0]
    assert finding["kind"] == "native"
    stack = [(frame["function"], pathlib.PurePath(frame["file"] or "").name, frame["line"]) for frame in finding["native_stack"]]
    assert stack[:2] == [("make_node", "leaky.c", 4), ("build_index", "leaky.c", 6)]
    assert "in native code malloc <- make_node (leaky.c:4) <- build_index (leaky.c:6)" in told.stderr
    # Without debug information the symbols remain; without the file, the offset; with another file, a word about it.
    subprocess.run(["strip", "--strip-debug", str(library)], check=True)
    assert "malloc <- make_node [libleaky.so] <- build_index" in show(folder)
    subprocess.run(["strip", str(library)], check=True)
    assert re.search(r"malloc <- libleaky\.so\+0x\w+ <- build_index <- ", show(folder))
    library.unlink()
    assert re.search(r"malloc <- libleaky\.so\+0x\w+ <- libleaky\.so\+0x\w+", show(folder))
    limpet_drive.compile_c(source, library, "-shared", "-fPIC", "-O0")
    assert re.search(r"malloc <- libleaky\.so\+0x\w+ <- libleaky\.so\+0x\w+", show(folder))


def show(folder):
    argv = [str(limpet_drive.LIMPET), "report", str(folder / "r.limpet")]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120, env={"COLUMNS": "160", "PATH": "/usr/bin:/bin"}).stdout
