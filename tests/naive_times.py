"""Slow, obvious twin of `compute.even_times.even`: one sample at a time, lists, no carried indices.

The line from below is found by trying every pair of points.
"""

from itertools import combinations
from math import ceil, exp, floor, inf, log, nan
from statistics import median

import numpy as np

import compute.dropped_frames as d
import compute.even_times as e
import compute.sample_grid as g


class Twin:
    """Takes all stamps of one stream; `times` and `steps` hold what was settled, in order."""

    def __init__(self, period_s):
        self.nominal = self.period = self.middle = period_s
        self.per_block = max(4, ceil(g.LEARN_S / period_s))
        self.known, self.late, self.newest = False, 0.0, -inf
        self.held, self.back, self.run = [], [], None
        self.times, self.steps = [], []
        self.rests = []
        self.delay, self.before, self.weighed, self.previous = 0.0, 0.0, False, -inf
        self.guesses = [(0.0, [])]

    # --- samples in ---------------------------------------------------------------------------------

    def all(self, stamps):
        for stamp in stamps:
            self.take(stamp)
        while self.back or self.held:
            if self.known:
                self.last_ones()
            else:
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
        if not self.held and not self.back:
            self.weighed = self.late > 0.5 * g.TOLERANCE_S
        period, surely = self.period, self.least_drops()
        late = stamp - self.grid(self.last + 1 + len(self.held) + len(self.back))
        if late - surely * period < -(period + e.BACK_S):
            if not self.back:
                self.let_go()
                late = stamp - self.grid(self.last + 1)
            self.back.append((stamp, late))
            if len(self.back) > e.WILD:
                self.step_back()
            return
        self.put_in_place()
        in_time = late - surely * period < period - self.slack()
        if late - surely * period <= -0.5 * period:
            self.let_go()
            self.move_places(floor((stamp - self.grid(self.last + 1)) / period + 0.5))
            self.previous = stamp
            self.settle(stamp)
        elif in_time and not (self.held and self.weighed):
            self.let_go()
            self.previous = stamp
            self.settle(stamp)
        elif self.weighed:
            self.weigh(stamp, late)
        elif self.run and late > self.run["least"] + d.HOLD_S:
            self.drop()
            self.one(stamp)
        else:
            if self.run is None:
                self.run = {"from": stamp, "least": late, "at": stamp}
            elif late < self.run["least"] - g.TOLERANCE_S:
                self.run["least"], self.run["at"] = late, stamp
            self.held.append(stamp)
            self.judge(stamp)

    # --- stamps of a device -------------------------------------------------------------------------

    def judge(self, stamp):
        places = max(1, floor((self.run["least"] + self.slack()) / self.period))
        need = e.FAR_NEED if places * self.period > d.FAR_S else 1
        if stamp - self.run["at"] >= (need - 0.5) * self.period:
            self.drop()
        elif (
            len(self.held) > d.MAX_HELD or stamp - self.run["from"] >= d.HOLD_S + need * self.period
        ):
            self.let_go()

    def drop(self):
        least = self.run["least"]
        lates = [s - self.grid(self.last + 1 + i) for i, s in enumerate(self.held)]
        places = floor((least + self.slack()) / self.period)
        certain = [i for i, x in enumerate(lates) if x < (places + 1) * self.period - self.slack()]
        n = certain[-1] + 1 if certain else 0
        if max([least, *lates]) - least <= g.TOLERANCE_S:
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

    # --- stamps that are late -----------------------------------------------------------------------

    def least_drops(self):
        """Frames that were dropped before the newest held sample, whatever else is true."""
        return min(path[-1] for _, path in self.guesses) if self.held and self.weighed else 0

    def weigh(self, stamp, late):
        """Every way to explain the held samples: how likely (logarithm), and drops before each of them."""
        period, mean = self.period, max(self.delay, 0.5 * g.TOLERANCE_S)
        together = 0 <= stamp - self.previous <= d.TOGETHER * period
        highest = floor((late + self.slack()) / period)
        so_far = sorted(path[-1] if path else 0 for _, path in self.guesses)
        new = range(max(highest - d.NEAR + 1, so_far[0]), highest + 1)
        possible = sorted({*(k for k in so_far if k <= highest), *new})[: d.WIDTH] or so_far[:1]
        guesses = []
        for drops in possible:
            best, path = -inf, []
            for score, way in sorted(self.guesses, key=lambda each: each[1][-1:] or [0]):
                before = way[-1] if way else 0
                if before > drops:
                    continue
                through = score - gap_price(drops - before, period)
                if through > best:
                    best, path = through, way
            price = delay_price(late - drops * period, mean, together)
            guesses.append((best - price, [*path, drops]))
        most = max(score for score, _ in guesses)
        self.guesses = [(score - most, path) for score, path in guesses]
        self.give_up()
        self.previous = stamp
        self.held.append(stamp)
        self.settle_weighed(must=False)

    def likeliest(self):
        return max(self.guesses, key=lambda each: each[0])[1]

    def give_up(self):
        here = self.likeliest()[-1]
        self.guesses = [
            (score, path)
            for score, path in self.guesses
            if score >= -d.SURE - gap_price(path[-1] - here, self.period)
        ]

    def settle_weighed(self, must):
        while self.held:
            longest = max(d.HOLD_S, d.HOLD_PERIODS * self.period)
            waited = self.held[-1] - self.held[0]
            drops = self.likeliest()[0]
            if any(path[0] != drops for _, path in self.guesses):
                if not (must or waited >= longest or len(self.held) >= d.MAX_HELD):
                    return
                self.guesses = [each for each in self.guesses if each[1][0] == drops]
                self.give_up()
            if drops * self.period >= e.GAP_S and not must and self.last >= 0:
                self.known = False
                held, self.held = self.held, []
                for stamp in held:
                    self.take(stamp)
                return
            self.guesses = [(score, [k - drops for k in path[1:]]) for score, path in self.guesses]
            stamp = self.held.pop(0)
            if drops:
                self.last += drops
                self.assigned = self.last + 1
            self.settle(stamp, lies=not drops)
        self.guesses = [(0.0, [])]

    def last_ones(self):
        if len(self.back) > 1:
            self.step_back()
        elif self.back:
            self.put_in_place()
        elif not self.weighed and self.run["least"] < d.FAR_S:
            self.drop()
        else:
            self.let_go()

    # --- the grid -----------------------------------------------------------------------------------

    def grid(self, place):
        return self.at + self.period * (place - self.zero)

    def slack(self):
        return min(0.2 * self.period, d.SLACK_S)

    def learn(self):
        held, self.held = self.held, []
        steps = np.diff(held)
        if len(held) > 3:
            middle = median(steps)
            alike = [step for step in steps if abs(step - middle) < 0.5 * g.TOLERANCE_S]
            if len(alike) >= 0.8 * len(steps) and abs(middle / self.nominal - 1) < 0.06:
                self.period = self.middle = sum(alike) / len(alike)
        late = np.array([s - held[0] - i * self.period for i, s in enumerate(held)])
        least = min(late[late >= median(late) - g.LEARN_S])
        self.at, self.zero, self.last = held[0] + least, 0, -1
        if len(held) > 3:
            self.late = self.delay = min(median(abs(steps - self.period)) / log(2), d.HOLD_S)
        if median(late - least) < 0.1 * g.TOLERANCE_S:
            self.late = 0.0
        self.known, self.run, self.back = True, None, []
        self.block, self.points, self.assigned = [], [], -inf
        self.previous, self.guesses = -inf, [(0.0, [])]
        for stamp in held:
            self.take(stamp)

    def fit(self):
        mean = np.mean([min(max(x, 0), d.HOLD_S) for *_, x in self.block])
        lying = [each[:3] for each in self.block if each[0] < inf]
        self.late += 0.2 * (
            mean - min(max(min([inf, *(x for x, *_ in lying)]), 0), d.HOLD_S) - self.late
        )
        delays = [min(max(x, 0), d.HOLD_S) for x in self.rests]
        if delays:
            self.delay += 0.2 * (np.mean(delays) - self.delay)
        self.rests = []
        self.block = []
        if not lying:
            return
        _, place, stamp = min(lying, key=lambda each: each[0])
        self.points = [*self.points, [place, stamp]][-g.BLOCKS :]
        if len(self.points) == 1:
            self.zero, self.at = place, stamp
            return
        x, y = np.array(self.points).T
        best, slope = inf, nan
        for i, j in combinations(range(len(x)), 2):
            through = (y[j] - y[i]) / (x[j] - x[i])
            above = y - (y[i] + through * (x - x[i]))
            if above.min() >= -1e-12 - 4 * np.spacing(abs(y).max()) and above.sum() < best - 1e-12:
                best, slope = above.sum(), through
        limit = g.SLOPE * self.middle
        slope = min(max(slope, self.middle - limit), self.middle + limit)
        span_s = (x[-1] - x[0]) * self.middle
        self.period = self.middle + span_s / (span_s + g.RATE_S) * (slope - self.middle)
        if len(x) == g.BLOCKS:
            self.middle = self.period
        self.zero, self.at = place, min(y + self.period * (place - x))

    def shift(self, by):
        self.at += by
        self.points = [[x, y + by] for x, y in self.points]
        self.block = [(least, place, stamp + by, late) for least, place, stamp, late in self.block]

    def move_places(self, by):
        self.last += by
        if self.last - self.assigned > 4 * self.per_block or self.late <= 0.5 * g.TOLERANCE_S:
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

    def settle(self, stamp, step=0.0, lies=True):
        self.last += 1
        grid = self.grid(self.last)
        late = stamp - grid
        self.give(grid if late > g.TOLERANCE_S else stamp, step)
        if stamp > self.before + d.TOGETHER * self.period:
            self.rests.append(stamp - max(grid, self.before))
        self.before = stamp
        self.block.append((late if lies else inf, self.last, stamp, late))
        if len(self.block) >= self.per_block:
            self.fit()

    def give(self, at, step=0.0):
        self.times.append(at if at > self.newest + g.SAME_S else nan)
        self.steps.append(step)
        self.newest = max(self.newest, at)

    def let_go(self):
        self.run = None
        if self.weighed:
            self.settle_weighed(must=True)
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


def gap_price(places, period):
    if places <= 0:
        return 0.0
    price = d.GAP_PRICE + d.PLACE_PRICE * min(places - 1, d.PRICED_PLACES)
    return price + (d.FAR_PRICE if places * period > d.FAR_S else 0.0)


def delay_price(late, mean, together):
    if late < 0:
        return -late / d.EARLY_S
    price = late / mean
    if together:
        price = -log(max(1 - exp(-price), 1e-9))
    return min(price, d.FAR_DELAY_PRICE if late > d.FAR_S else d.DELAY_PRICE)
