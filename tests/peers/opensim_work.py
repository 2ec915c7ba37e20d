"""OpenSim's inverse kinematics and inverse dynamics of the same frames, file reading left out."""

import time

import numpy as np

RATE_HZ = 60.0
ACCURACY = 1e-5
"""Of the inverse kinematics; the default of OpenSim's own tool."""


class OpenSim:
    """The scaled gait2354 model of the trial, without its muscles, which neither step needs.

    Parameters
    ----------
    folder : of the trial.
    """

    def __init__(self, folder, accuracy=ACCURACY):
        import opensim

        opensim.Logger.setLevelString("error")
        self._opensim = opensim
        self.version = opensim.GetVersion().split("-")[0]
        self.accuracy = accuracy
        model = opensim.Model(str(folder / "subject01_scaled.osim"))
        model.updForceSet().clearAndDestroy()
        loads = opensim.ExternalLoads(str(folder / "subject01_walk1_grf.xml"), True)
        loads.setDataFileName(str(folder / "subject01_walk1_grf.mot"))
        model.addModelComponent(loads)
        self._model, self._loads = model, loads
        self._state = model.initSystem()
        markers = model.getMarkerSet()
        weights = opensim.SetMarkerWeights()
        for i in range(markers.getSize()):
            weights.cloneAndAppend(opensim.MarkerWeight(markers.get(i).getName(), 1.0))
        self._reference = opensim.MarkersReference(str(folder / "subject01_walk1.trc"), weights)
        self._times = [float(t) for t in self._reference.getMarkerTable().getIndependentColumn()]
        self._coordinates = opensim.SimTKArrayCoordinateReference()
        self.n = len(self._times)

    def seconds(self):
        """Seconds for inverse kinematics and for inverse dynamics of all frames but the first."""
        kinematics, q = self._kinematics()
        return kinematics, self._dynamics(q)

    def _kinematics(self):
        solver = self._opensim.InverseKinematicsSolver(
            self._model, self._reference, self._coordinates
        )
        solver.setAccuracy(self.accuracy)
        state = self._state
        state.setTime(self._times[0])
        solver.assemble(state)
        q, total = [state.getQ().to_numpy().copy()], 0.0
        for t in self._times[1:]:
            state.setTime(t)
            start = time.perf_counter()
            solver.track(state)
            total += time.perf_counter() - start
            q.append(state.getQ().to_numpy().copy())
        return total, np.array(q)

    def _dynamics(self, q):
        """Speeds and accelerations are made beforehand and not timed."""
        u = np.gradient(q, 1.0 / RATE_HZ, axis=0)
        a = np.gradient(u, 1.0 / RATE_HZ, axis=0)
        solver, state, total = self._opensim.InverseDynamicsSolver(self._model), self._state, 0.0
        vector = self._opensim.Vector.createFromMat
        for k in range(1, self.n):
            now, speed, acceleration = vector(q[k]), vector(u[k]), vector(a[k])
            start = time.perf_counter()
            state.setTime(self._times[k])
            state.setQ(now)
            state.setU(speed)
            solver.solve(state, acceleration)
            total += time.perf_counter() - start
        return total
