"""Slow, obvious twin of `compute.even_times.even`: one sample at a time, lists, no carried indices.

The line from below is found by trying every pair of points.
"""

from itertools import combinations
from math import ceil, floor, inf, log, nan
from statistics import median

import numpy as np

import compute.even_times as e


class Twin:
    """Takes all stamps of one stream; `times` and `steps` hold what was settled, in order."""

    def __init__(self, period_s):
        self.nominal = self.period = self.middle = period_s
        self.per_block = max(4, ceil(e.LEARN_S / period_s))
        self.known, self.late, self.newest = False, 0.0, -inf
        self.held, self.back, self.run = [], [], None
        self.times, self.steps = [], []
        self.lasted = self.ended = 0.0

    # --- samples in ---------------------------------------------------------------------------------

    def all(self, stamps):
        for stamp in stamps:
            self.take(stamp)
        if not self.known and self.held:
            self.learn()
        while self.back or self.held:
            self.last_ones()
            if not self.known:
                self.learn()
        return np.array(self.times), np.array(self.steps)

    def take(self, stamp):
        if self.known:
            self.one(stamp)
        else:
            self.held.append(stamp)
            if len(self.held) == self.per_block:
                self.learn()

    def one(self, stamp):
        place = self.last + 1 + len(self.held) + len(self.back)
        late, period = stamp - self.grid(place), self.period
        if late < -(self.period + e.BACK_S):
            self.let_go()
            self.back.append((stamp, late))
            if len(self.back) > e.WILD:
                self.step_back()
            return
        self.put_in_place()
        if late <= -0.5 * period:
            self.let_go()
            self.move_places(floor(late / period + 0.5))
            self.run = None
            self.settle(stamp)
        elif late < period - self.slack():
            self.let_go()
            self.settle(stamp)
            if self.run:
                lasted = (stamp - self.run["from"]) / period
                self.lasted += min(max(lasted - 1, 0), e.HOLD_S / period)
                self.ended += 1
                self.run = None
        else:
            if self.run is None:
                self.run = {"from": stamp, "least": late, "at": stamp}
            elif late > self.run["least"] + e.HOLD_S:
                self.let_go()
                self.run = {"from": stamp, "least": late, "at": stamp}
            elif late < self.run["least"] - e.TOLERANCE_S:
                self.run["least"], self.run["at"] = late, stamp
            self.held.append(stamp)
            self.judge(stamp)

    # --- decisions ----------------------------------------------------------------------------------

    def judge(self, stamp):
        places = max(1, floor((self.run["least"] + self.slack()) / self.period))
        share = (self.lasted + 1e-4) / (self.lasted + self.ended + 1)
        need = max(1, ceil(-e.SURE / log(share)))
        if self.late > 0.5 * e.TOLERANCE_S:
            need = max(need, ceil(e.SURE * self.late / self.period))
        coarse = max(1, ceil(need / places))
        far = places * self.period > e.FAR_S
        longest = e.LONGER * e.HOLD_S + (e.FAR_NEED * self.period if far else 0)
        if far:
            need, coarse = max(need, e.FAR_NEED), max(coarse, e.FAR_NEED)
        since, lasted = stamp - self.run["at"], stamp - self.run["from"]
        exact = since >= (need - 0.5) * self.period
        rough = since >= (coarse - 0.5) * self.period and (far or coarse * self.period <= e.HOLD_S)
        if exact or (lasted >= e.HOLD_S and rough):
            self.drop()
        elif (
            len(self.held) > e.MAX_HELD
            or lasted >= longest
            or (coarse * self.period > e.HOLD_S and not far)
        ):
            self.let_go()

    def drop(self):
        least = self.run["least"]
        if least >= e.GAP_S and self.late > 0.5 * e.TOLERANCE_S and self.last >= 0:
            self.known = False
            held, self.held = self.held, []
            for stamp in held:
                self.take(stamp)
            return
        lates = [s - self.grid(self.last + 1 + i) for i, s in enumerate(self.held)]
        places = floor((least + self.slack()) / self.period)
        certain = [i for i, x in enumerate(lates) if x < (places + 1) * self.period - self.slack()]
        n = certain[-1] + 1 if certain else 0
        if max([least, *lates]) - least <= e.TOLERANCE_S and self.late <= 0.5 * e.TOLERANCE_S:
            places = floor(least / self.period + 0.5)
            self.shift(least - places * self.period)
            n = len(self.held)
        self.last += places
        self.assigned = self.last + 1
        self.run = None
        held, self.held = self.held, []
        for stamp in held[:n]:
            self.settle(stamp)
        for stamp in held[n:]:
            self.take(stamp)

    def last_ones(self):
        if len(self.back) > 1:
            self.step_back()
        elif self.back:
            self.put_in_place()
        elif self.late <= 0.5 * e.TOLERANCE_S and self.run["least"] < e.FAR_S:
            self.drop()
        else:
            self.let_go()

    # --- the grid -----------------------------------------------------------------------------------

    def grid(self, place):
        return self.at + self.period * (place - self.zero)

    def slack(self):
        return min(0.2 * self.period, e.SLACK_S)

    def learn(self):
        held, self.held = self.held, []
        steps = np.diff(held)
        if len(held) > 3:
            middle = median(steps)
            alike = [step for step in steps if abs(step - middle) < 0.5 * e.TOLERANCE_S]
            if len(alike) >= 0.8 * len(steps) and abs(middle / self.nominal - 1) < 0.06:
                places = sum(floor(step / middle + 0.5) for step in steps)
                if places > 0:
                    self.period = self.middle = (held[-1] - held[0]) / places
        late = np.array([s - held[0] - i * self.period for i, s in enumerate(held)])
        least = min(late[late >= median(late) - e.LEARN_S])
        self.at, self.zero, self.last = held[0] + least, 0, -1
        if len(held) > 3:
            self.late = min(median(abs(steps - self.period)) / log(2), e.HOLD_S)
        if median(late - least) < 0.1 * e.TOLERANCE_S:
            self.late = 0.0
        self.known, self.run, self.back = True, None, []
        self.block, self.points, self.assigned = [], [], -inf
        for stamp in held:
            self.take(stamp)

    def fit(self):
        mean = np.mean([min(max(x, 0), e.HOLD_S) for *_, x in self.block])
        least = min(max(min(each[0] for each in self.block), 0), e.HOLD_S)
        self.late += 0.2 * (mean - least - self.late)
        self.lasted *= 0.98
        self.ended *= 0.98
        _, place, stamp, _ = min(self.block, key=lambda each: each[0])
        self.points = [*self.points, [place, stamp]][-e.BLOCKS :]
        self.block = []
        if len(self.points) == 1:
            self.zero, self.at = place, stamp
            return
        x, y = np.array(self.points).T
        best, slope = inf, nan
        for i, j in combinations(range(len(x)), 2):
            through = (y[j] - y[i]) / (x[j] - x[i])
            above = y - (y[i] + through * (x - x[i]))
            if above.min() >= -1e-12 - 4 * np.spacing(abs(y).max()) and above.sum() < best:
                best, slope = above.sum(), through
        limit = e.SLOPE * self.middle
        slope = min(max(slope, self.middle - limit), self.middle + limit)
        span_s = (x[-1] - x[0]) * self.middle
        self.period = self.middle + span_s / (span_s + e.RATE_S) * (slope - self.middle)
        if len(x) == e.BLOCKS:
            self.middle = self.period
        self.zero, self.at = place, min(y + self.period * (place - x))

    def shift(self, by):
        self.at += by
        self.points = [[x, y + by] for x, y in self.points]
        self.block = [(least, place, stamp + by, late) for least, place, stamp, late in self.block]

    def move_places(self, by):
        self.last += by
        if self.last - self.assigned > 4 * self.per_block or self.late <= 0.5 * e.TOLERANCE_S:
            return
        self.points = [[x + by if x >= self.assigned else x, y] for x, y in self.points]
        if self.block:
            best = min(self.block, key=lambda each: each[0])
            if best[1] >= self.assigned:  # the kernel remembers no other one of the block
                self.block = [
                    (least - by * self.period, place + by, stamp, late)
                    if (least, place, stamp, late) == best
                    else (inf, place, stamp, late)
                    for least, place, stamp, late in self.block
                ]

    # --- samples out --------------------------------------------------------------------------------

    def settle(self, stamp, step=0.0):
        self.last += 1
        grid = self.grid(self.last)
        late = stamp - grid
        self.give(grid if late > e.TOLERANCE_S else stamp, step)
        self.block.append((late, self.last, stamp, late))
        if len(self.block) >= self.per_block:
            self.fit()

    def give(self, at, step=0.0):
        self.times.append(at if at > self.newest else nan)
        self.steps.append(step)
        self.newest = max(self.newest, at)

    def let_go(self):
        held, self.held = self.held, []
        for stamp in held:
            self.settle(stamp)

    def put_in_place(self):
        back, self.back = self.back, []
        for _ in back:
            self.last += 1
            self.give(self.grid(self.last))

    def step_back(self):
        by = min(late for _, late in self.back)
        back, self.back, self.run = [stamp for stamp, _ in self.back], [], None
        self.shift(by)
        self.newest += by
        self.settle(back[0], by)
        for stamp in back[1:]:
            self.take(stamp)
