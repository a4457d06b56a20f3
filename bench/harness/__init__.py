"""The parts of bench/run.py; none of them imports anything outside Python's own library."""
