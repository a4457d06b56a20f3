import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "agent"))

from limpet_fixtures import agent_is_built, folder, one_python  # noqa: E402, F401
