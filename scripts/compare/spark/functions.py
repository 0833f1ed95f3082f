"""The named functions of the conformance cases, for Spark."""

import pandas as pd
from pyspark.sql.streaming import StatefulProcessor

NEEDS_ROCKS = {"transformWithState"}


def millis(frame, column):
    return max(int(t.value // 10**6) for t in frame[column])


def group_function(fn, time_column):
    end = {"countRemoveAt3": None, "countRemoveAt3Emit": -1, "countRemoveAt3PerRow": None}

    def update(key, frames, state):
        (k,) = key
        rows = 0
        latest = None
        if state.hasTimedOut:
            state.remove()
            yield pd.DataFrame({"key": [k], "n": [-1]})
            return
        for frame in frames:
            rows += len(frame)
            if fn == "maxEventTimeTimeout5s":
                m = millis(frame, time_column)
                latest = m if latest is None else max(latest, m)
        old = state.getOption[0] if state.exists else None
        out = []

        def count_to_3(rows, old):
            n = (old or 0) + rows
            if n == 3:
                state.remove()
                if end[fn] is not None:
                    out.append(end[fn])
                return None
            state.update((n,))
            out.append(n)
            return n

        if fn == "countRemoveAt3PerRow":
            for _ in range(rows):
                old = count_to_3(1, old)
        elif fn in end:
            count_to_3(rows, old)
        elif fn == "maxEventTimeTimeout5s":
            n = latest if old is None else max(old, latest)
            state.update((n,))
            state.setTimeoutTimestamp(n + 5000)
            out.append(n)
        else:
            n = (old or 0) + rows
            state.update((n,))
            if fn == "countTimeout10s":
                state.setTimeoutDuration(10000)
            out.append(n)
        yield pd.DataFrame({"key": [k] * len(out), "n": out})

    return update


def processor(fn, key_name, time_column):
    """A subclass with the `data` and `timer` of the function."""

    class Made(FUNCTIONS[fn]):
        column = time_column

    return Made()


# Spark 4.0 fires a timer when its time is reached, not when it has passed (D-041): each is set 1 ms later.
LATER = 1


class Processor(StatefulProcessor):
    def init(self, handle):
        self.handle = handle
        self.count = handle.getValueState("count", "n long")
        self.remembered = handle.getValueState("timer", "n long")

    def get(self, state):
        return state.get()[0] if state.exists() else None

    def handleInputRows(self, key, rows, timerValues):
        frames = list(rows)
        yield self.said(key, self.data(key[0], frames, timerValues))

    def handleExpiredTimer(self, key, timerValues, expiredTimerInfo):
        yield self.said(key, self.timer(timerValues, expiredTimerInfo.getExpiryTimeInMs() - LATER))

    def said(self, key, out):
        return pd.DataFrame({"key": [key[0]] * len(out), "n": out})

    def timer(self, timers, time):
        self.count.clear()
        return [-1]

    def register(self, time):
        self.handle.registerTimer(time + LATER)

    def delete(self, time):
        self.handle.deleteTimer(time + LATER)

    def move(self, time):
        self.register(time)
        self.remembered.update((time,))

    def close(self):
        pass


class ClearAt3(Processor):
    def data(self, key, frames, timers):
        n = (self.get(self.count) or 0) + 1
        if n == 3:
            self.count.clear()
            return []
        self.count.update((n,))
        return [n]


class ProcTimer(ClearAt3):
    def data(self, key, frames, timers):
        if (self.get(self.count) or 0) == 0 and key in ("a", "c"):
            self.register(timers.getCurrentProcessingTimeInMs() + 5000)
        return super().data(key, frames, timers)


class TimerUpdate(Processor):
    def data(self, key, frames, timers):
        old = self.get(self.count) or 0
        n = old + sum(len(frame) for frame in frames)
        self.count.update((n,))
        now = timers.getCurrentProcessingTimeInMs()
        if key == "a" and old == 0:
            self.move(now + 5000)
        if key == "a" and old == 1:
            self.delete(self.get(self.remembered))
            self.move(now + 7500)
        return [n]

    def timer(self, timers, time):
        self.remembered.clear()
        return [-1]


class ThreeTimers(Processor):
    def data(self, key, frames, timers):
        self.count.update(((self.get(self.count) or 0) + sum(len(frame) for frame in frames),))
        now = timers.getCurrentProcessingTimeInMs()
        if len(list(self.handle.listTimers())) == 0:
            for after in (5000, 10000, 15000):
                self.register(now + after)
        return []

    def timer(self, timers, time):
        n = self.get(self.count) or 0
        if len(list(self.handle.listTimers())) == 1:
            self.count.clear()
        return [n]


class MaxEventTime(Processor):
    def data(self, key, frames, timers):
        latest = max(millis(frame, self.column) for frame in frames)
        old = self.get(self.count)
        n = latest if old is None else max(old, latest)
        self.count.update((n,))
        at = self.get(self.remembered)
        if at is None or n + 5000 > at:
            if at is not None:
                self.delete(at)
            self.move(n + 5000)
        return [n]


FUNCTIONS = {
    "twsCountClearAt3": ClearAt3,
    "twsCountProcTimer5s": ProcTimer,
    "twsCountTimerUpdate": TimerUpdate,
    "twsThreeTimers": ThreeTimers,
    "twsMaxEventTime5s": MaxEventTime,
}
