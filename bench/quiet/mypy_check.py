"""mypy over a package, again and again without its cache on disk, in one process."""

import json
import pathlib

from load import until_end
from mypy import api

package = pathlib.Path(json.__file__).parent
for _ in until_end():
    api.run(["--cache-dir=/dev/null", "--ignore-missing-imports", "--follow-imports=silent", str(package)])
