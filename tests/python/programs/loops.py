"""A leak is found in the very process; loops and phases tell their growth; what should be dead and is not is named."""

import gc
import time
import warnings

import limpet


class Leaked:
    def __init__(self):
        self.payload = bytearray(2000)


KEPT = []


def handle(number):
    KEPT.append(Leaked())
    [str(i) for i in range(100)]


recording = limpet.start("loop.limpet")
rounds = limpet.watch(range(2500), "requests")
for number in rounds:
    handle(number)
    time.sleep(0.001)
report = limpet.leaks()
assert report.verdict == "leak", report.to_dict()
assert any("Leaked" in str(finding.types) and "KEPT" in finding.holder_text for finding in report), str(report)
assert "allocated at" in str(report) and "<pre>" in report._repr_html_() and report.to_dict()["schema"]
assert rounds.rounds == 2500 and 2000 < rounds.growth_per_round < 4000, rounds
assert "requests" in repr(rounds) and rounds.leaks().to_dict()["schema"] == "limpet.report/1"
with limpet.watch("loading") as phase:
    kept = [bytearray(1000) for _ in range(100)]
    limpet.checkpoint("half way")
    more = [bytearray(1000) for _ in range(100)]
assert 200000 < phase.growth < 300000, phase
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    watched = limpet.expect_dead(KEPT[3], within=0.05)
    assert not watched.wait(60) and watched.alive
    assert "KEPT" in watched.why().path
assert len(told) == 1 and told[0].category is limpet.StillAliveWarning and "KEPT" in str(told[0].message), told
heard = []
dies = limpet.expect_dead(Leaked(), within=30, then=heard.append)
assert dies.wait(60) and not dies.alive and not heard
cycle = Leaked()
cycle.me = cycle
gc.disable()
late = limpet.expect_dead(cycle, within=0.01, then=heard.append)
del cycle
assert late.wait(60) and not heard
try:
    limpet.expect_dead([])
except TypeError as why:
    assert "weakly" in str(why)
limpet.stop()
print("ok")
