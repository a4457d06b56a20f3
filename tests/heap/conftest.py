import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "format"))
for folder in ("agent", "hard"):
    sys.path.append(str(Path(__file__).resolve().parents[1] / folder))
