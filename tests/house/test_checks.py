"""The house's own checks bite: each kind of offence is found, and the innocent neighbours are not."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import check_agent  # noqa: E402
import check_arrows  # noqa: E402
import check_sizes  # noqa: E402


class TestArrows:
    def test_an_include_against_the_arrow_is_found_with_its_line(self):
        text = '#include <vector>\n\n#include "diagnose/finding.h"\n'
        assert check_arrows.check_source("src/heap/graph.cc", text) == [
            "src/heap/graph.cc:3: heap must not include diagnose (diagnose/finding.h)"
        ]

    def test_the_command_may_not_include_the_agent(self):
        assert check_arrows.check_source("src/cli/main.cc", "#include <agent/agent.h>\n")

    @pytest.mark.parametrize("target", ["base/status.h", "heap/graph.h", "fmt/format.h", "tsl/robin_map.h"])
    def test_includes_along_the_arrows_pass(self, target):
        assert check_arrows.check_source("src/heap/graph.cc", f'#include "{target}"\n') == []

    @pytest.mark.parametrize("target", ["graph.h", "../base/status.h"])
    def test_an_include_that_names_no_room_is_found(self, target):
        assert check_arrows.check_source("src/heap/graph.cc", f'#include "{target}"\n')

    @pytest.mark.parametrize("target", ["Python.h", "internal/pycore_frame.h", "pycore_code.h"])
    def test_python_headers_are_kept_to_the_layout_check_and_the_module(self, target):
        text = f"#include <{target}>\n"
        assert check_arrows.check_source("src/agent/hooks.cc", text)
        assert check_arrows.check_source("src/cpython/layouts.h", text)
        assert check_arrows.check_source("src/cpython/layout_check.cc", text) == []
        assert check_arrows.check_source("src/python/module.cc", text) == []

    def test_a_link_against_the_arrow_is_found(self):
        text = "limpet_room(capture DEPS base heap LIBS tsl::robin_map)"
        assert check_arrows.check_links("src/capture/CMakeLists.txt", text) == [
            "src/capture/CMakeLists.txt: capture must not link heap"
        ]

    def test_an_unknown_room_is_found(self, tmp_path):
        (tmp_path / "src" / "attic").mkdir(parents=True)
        (tmp_path / "src" / "attic" / "old.cc").write_text("int x;\n")
        assert any("attic" in problem for problem in check_arrows.check_tree(tmp_path))


def function(lines: int, head: str = "int F() {", tail: str = "}") -> str:
    """A C++ function of exactly so many lines."""
    return "\n".join([head] + ["  g();"] * (lines - 2) + [tail]) + "\n"


class TestSizes:
    def test_a_function_of_60_lines_passes_and_one_of_61_does_not(self):
        assert check_sizes.check_source("a.cc", function(60)) == []
        assert check_sizes.check_source("a.cc", function(61)) == ["a.cc:1: a function of 61 lines (at most 60)"]

    @pytest.mark.parametrize(
        "head",
        [
            "template <class T>\nvoid F(T t) {",
            "Row::Row(int a)\n    : a_{a}, b_(a) {",
            "struct stat F(const char* brace = \"{\") {",
            "bool operator==(Row a, Row b) {",
            "auto F() -> int {",
            "void F() noexcept {",
        ],
    )
    def test_every_shape_of_function_is_measured(self, head):
        wrapped = "namespace limpet {\nclass Row {\n" + function(80, head) + "};\n}\n"
        problems = check_sizes.check_source("a.h", wrapped)
        assert len(problems) == 1 and "a function of" in problems[0]

    def test_namespaces_classes_and_tables_may_be_long(self):
        text = "namespace limpet {\n" + "struct Row {\n" + "  int x;\n" * 80 + "};\n"
        text += "constexpr int kTable[] = {\n" + "  1,\n" * 80 + "};\n}  // namespace limpet\n"
        assert check_sizes.check_source("a.h", text) == []

    def test_braces_in_comments_strings_and_macros_do_not_confuse(self):
        noise = "// {\n/* { */\n#define OPEN {\nconst char* s = \"{\"; char c = '{'; int n = 1'000;\n"
        assert check_sizes.check_source("a.cc", noise + function(61))
        assert check_sizes.check_source("a.cc", noise + function(59)) == []

    def test_a_reason_beside_the_function_lets_it_be_long(self):
        assert check_sizes.check_source("a.cc", "// long: one case per opcode\n" + function(90)) == []
        assert check_sizes.check_source("a.cc", "// long:\n" + function(90))
        assert check_sizes.check_source("a.py", "# long: a table\ndef f():\n" + "    g()\n" * 90) == []

    def test_a_long_python_function_is_found(self):
        assert check_sizes.check_source("a.py", "class A:\n    async def f(self):\n" + "        g()\n" * 60)
        assert check_sizes.check_source("a.py", "def f():\n" + "    g()\n" * 59) == []

    def test_a_file_of_501_lines_is_found(self):
        assert check_sizes.check_source("a.ts", "x\n" * 500) == []
        assert check_sizes.check_source("a.ts", "x\n" * 501) == ["a.ts: 501 lines (at most 500); split it"]


class TestAgent:
    def test_a_needed_library_is_read_from_readelf(self):
        text = " 0x01 (NEEDED)  Shared library: [libstdc++.so.6]\n 0x01 (NEEDED)  Shared library: [libc.so.6]\n"
        assert check_agent.needed(text) == ["libstdc++.so.6", "libc.so.6"]

    def test_an_undefined_symbol_of_nobody_is_found(self):
        text = (
            "   1: 0 0 FUNC GLOBAL DEFAULT  UND malloc@GLIBC_2.2.5 (2)\n"
            "   2: 0 0 NOTYPE WEAK DEFAULT  UND __cxa_finalize\n"
            "   3: 0 0 NOTYPE GLOBAL DEFAULT  UND _Znwm\n"
            "   4: 0 0 FUNC GLOBAL DEFAULT  12 limpet_start\n"
        ).replace(": 0 0 ", ": 0000000000000000 0 ")
        assert check_agent.foreign(text) == ["_Znwm"]
