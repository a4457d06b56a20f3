"""Copies its standard input, bytes of every kind, to standard output and standard error."""

import sys

data = sys.stdin.buffer.read()
sys.stdout.buffer.write(data)
sys.stderr.buffer.write(data[::-1])
sys.exit(len(data) % 250)
