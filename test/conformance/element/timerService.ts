import { keyedProcess, type Collector } from 'tidemark';
import { operatorHarness, type OperatorHarness } from 'tidemark/testing';
import { sameItems, sameSequence, sameValue } from '../compare';
import { malformed } from '../shape';
import { inward, onlyInput, until, type Driver, type ElementOperator } from './driver';
import type { StepOf } from './steps';

/** A timer of the cases: the library's have a key and a time, so that the namespace is a part of the key. */
interface Command {
  readonly key: unknown;
  readonly namespace: string;
  readonly time: number;
  readonly isRegistered: boolean;
}
type Fired = Omit<Command, 'isRegistered'>;

const service = keyedProcess<Command, readonly ['key', 'namespace'], Fired>(
  () => ({
    onRow({ time, isRegistered }, { eventTimers }) {
      if (isRegistered) eventTimers.register(time);
      else eventTimers.delete(time);
    },
    onTimer: ({ time }, { key: { key, namespace } }, out: Collector<Fired>) => out({ key, namespace, time }),
  }),
  { key: ['key', 'namespace'] },
);

class ServiceRun {
  private readonly harness: OperatorHarness<Command, Fired> = operatorHarness(service);

  command({ key, namespace, time }: Fired, isRegistered: boolean): void {
    this.harness.event(0, { key, namespace, time, isRegistered });
  }

  watermark(step: StepOf<'watermark'>): void {
    onlyInput(step);
    this.harness.watermark(inward(step.watermark));
  }

  processingTime({ processingTime, at }: StepOf<'processingTime'>): void {
    this.harness.advance(until(processingTime, this.harness.clock.now(), at));
  }

  restore(): void {
    this.harness.restore(this.harness.snapshot());
  }

  expectTimers({ at, expectTimers, order }: StepOf<'expectTimers'>): void {
    (order === 'exact' ? sameSequence : sameItems)(at, expectTimers, this.harness.takeRows());
  }

  expectState({ at, expectState }: StepOf<'expectState'>): void {
    const { timers, ...rest } = expectState;
    if (timers === undefined || Object.values(rest).some((value) => value !== undefined))
      malformed(at, 'the state of a timer service is its timers');
    sameValue(at, timers, this.harness.report['timers']);
  }
}

export const timerService: ElementOperator<'timerService'> = {
  steps: ['register', 'delete', 'watermark', 'processingTime', 'checkpointRestore', 'expectTimers', 'expectState'],
  lacks: () => [],
  build(): Driver {
    const run = new ServiceRun();
    return {
      register: (step) => run.command(step.register as Fired, true),
      delete: (step) => run.command(step.delete as Fired, false),
      watermark: (step) => run.watermark(step),
      processingTime: (step) => run.processingTime(step),
      checkpointRestore: () => run.restore(),
      expectTimers: (step) => run.expectTimers(step),
      expectState: (step) => run.expectState(step),
    };
  },
};
