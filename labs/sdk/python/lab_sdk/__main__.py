"""`python3 lab_sdk ANSWER NAME...`: serves the named functions of ANSWER to the grader."""

import os
import sys

# The folder that holds this package, and not the package itself.
sys.path[0] = os.path.dirname(sys.path[0])

from lab_sdk import serve  # noqa: E402

serve(os.path.abspath(sys.argv[1]), sys.argv[2:])
