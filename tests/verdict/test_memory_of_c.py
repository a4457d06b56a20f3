"""Objects that hang on memory of C code are held by what this memory hangs on; only what nobody has any more lacks a decref."""

from pathlib import Path

import limpet_drive
import pytest

HERE = Path(__file__).parent
PROGRAM = HERE / "programs/in_c.py"


@pytest.fixture(scope="session")
def chain(tmp_path_factory):
    return limpet_drive.compile_c(HERE / "programs/chain.c", tmp_path_factory.mktemp("chain") / "libchain.so", "-shared", "-fPIC")


def test_a_chain_in_c_holds_its_objects(judge, sure, chain):
    report = judge(chain, "kept")
    found = sure(report)
    assert len(found) == 1, found
    (finding,) = found
    assert finding["kind"] == "python-object" and finding["types"][0] == "__main__.Order"
    assert finding["holder_text"] == "module __main__ .CHAIN -> Chain -> <native memory> -> Order"
    # The blocks of the chain, which are as many, are part of it and no leak of their own.
    assert not [other for other in report["findings"] if other["kind"] in ("native", "raw-block")]


def test_what_nobody_has_lacks_a_decref(judge, sure, chain):
    found = sure(judge(chain, "lost"))
    assert [finding["kind"] for finding in found] == ["refcount"]
    assert found[0]["holder_text"] == "C code -> Order"
