"""Nothing compiles in front of a walker."""

import importlib
import pkgutil

import walkers
from numba.core.registry import CPUDispatcher

import compute


def kernels():
    found = {}
    for module in pkgutil.iter_modules(compute.__path__):
        loaded = importlib.import_module(f"compute.{module.name}")
        for value in vars(loaded).values():
            if isinstance(value, CPUDispatcher):
                found[f"{value.__module__}.{value.__name__}"] = value
    return found


def test_after_warming_up_walking_compiles_no_kernel():
    """Every specialisation that a walk needs is made by `warm_up`."""
    running, given = walkers.engine(), walkers.samples(7)
    running.warm_up()
    before = {name: set(each.overloads) for name, each in kernels().items()}
    assert before
    stances = walkers.stances(given, running)
    assert any(stance.valid for stance in stances)
    late = {
        name: set(each.overloads) - before[name]
        for name, each in kernels().items()
        if set(each.overloads) - before[name]
    }
    assert late == {}
