"""Where the package keeps what is not Python: the limpet program and the agent."""

from __future__ import annotations

import os

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_bin")
PROGRAM = os.path.join(FOLDER, "limpet")
AGENT = os.path.join(FOLDER, "liblimpet_agent.so")
