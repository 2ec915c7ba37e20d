"""Connecting and walking compile nothing any more."""

import subprocess
import sys
from pathlib import Path

CODE = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
import walkers
from numba.core.registry import CPUDispatcher
from received import chunks_of, run
import compute
from stream.warm_up import warm_up

def kernels():
    modules = [importlib.import_module(f"compute.{m.name}") for m in pkgutil.iter_modules(compute.__path__)]
    values = [value for module in modules for value in vars(module).values()]
    return {f"{v.__module__}.{v.__name__}": v for v in values if isinstance(v, CPUDispatcher)}

warm_up(walkers.lab(), walkers.subject())
before = {name: len(each.overloads) for name, each in kernels().items()}
session, _ = run(chunks_of(walkers.trial().recording))
assert len(session.outcome.stances) > 10
print(sorted(name for name, each in kernels().items() if len(each.overloads) > before[name]))
"""


def test_a_session_compiles_nothing_after_warming_up():
    """In a process of its own, where no other test has compiled anything."""
    tests = str(Path(__file__).parents[1])
    told = subprocess.run(
        [sys.executable, "-c", CODE, tests], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "[]"
