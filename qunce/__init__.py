from __future__ import annotations

import os

# Before numpy is loaded. The threads of OpenBLAS wait for one another busily: on a machine
# that does something else, training a classifier takes 40 times as much processor time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
