"""CPython's own tests of json, dict, list, collections and re, in a loop."""

import io
import unittest

from load import until_end

NAMES = ["test.test_json", "test.test_dict", "test.test_list", "test.test_deque", "test.test_textwrap"]
for _ in until_end():
    suite = unittest.defaultTestLoader.loadTestsFromNames(NAMES)
    unittest.TextTestRunner(stream=io.StringIO()).run(suite)
