"""What is compiled and kept on disk follows the source files."""

import shutil
import subprocess
import sys
from pathlib import Path

JIT = Path(__file__).parents[2] / "compute" / "jit.py"

INNER = """
from compute.jit import kernel

@kernel
def inner(x):
    return x + {}
"""
OUTER = """
from compute.inner import inner
from compute.jit import kernel

@kernel
def outer(x):
    return 10.0 * inner(x)
"""
RUN = """
from compute.outer import outer
print(outer(1.0), sum(outer.stats.cache_hits.values()))
"""


def value_and_hits(folder):
    told = subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, capture_output=True, text=True, check=True
    )
    value, hits = told.stdout.split()
    return float(value), int(hits)


def test_a_kernel_is_compiled_again_when_one_that_it_calls_has_changed(tmp_path):
    package = tmp_path / "compute"
    package.mkdir()
    (package / "__init__.py").touch()
    shutil.copy(JIT, package)
    (package / "outer.py").write_text(OUTER)
    (package / "inner.py").write_text(INNER.format("1.0"))
    assert value_and_hits(tmp_path) == (20.0, 0)
    assert value_and_hits(tmp_path) == (20.0, 1)  # kept
    (package / "inner.py").write_text(INNER.format("2.0"))
    assert value_and_hits(tmp_path) == (30.0, 0)
