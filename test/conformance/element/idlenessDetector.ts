import { withWatermark } from 'tidemark';
import { operatorHarness } from 'tidemark/testing';
import { sameValue } from '../compare';
import type { Driver, ElementOperator } from './driver';

interface TimeRow {
  readonly time: number;
}

export const idlenessDetector: ElementOperator<'idlenessDetector'> = {
  steps: ['advanceClock', 'activity', 'checkIdle', 'expectError'],
  lacks: () => [],
  build({ timeoutMs }): Driver {
    const operator = withWatermark<TimeRow>('time', 0, { idleAfter: timeoutMs, maxFutureSkew: false });
    const harness = operatorHarness(operator as never, { traits: { kind: 'untimed', watermark: false } });
    let isIdle = false;
    return {
      advanceClock: (step) => harness.advance(step.advanceClock),
      activity: () => harness.push({ time: harness.clock.now() } as never),
      checkIdle({ at, checkIdle }) {
        for (const signal of harness.take()) if (signal.kind === 'idle') isIdle = signal.idle;
        sameValue(at, checkIdle, isIdle);
      },
    };
  },
};
