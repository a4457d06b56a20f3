"""Workloads of limpet's own: each module has run(loops), which does the same work whoever watches."""
