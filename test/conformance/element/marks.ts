import type { Signal } from 'tidemark';
import { sameSequence } from '../compare';
import { outward } from './driver';
import type { StepOf } from './steps';

export type Mark = number | string;

/** What was sent downstream, in the words of the cases; `say`: the w of the case for the library's W. */
export function marksOf(signals: readonly Signal<unknown>[], say: (W: number) => Mark = outward): readonly Mark[] {
  return signals.flatMap((signal) => {
    if (signal.kind === 'watermark') return [say(signal.time)];
    return signal.kind === 'idle' ? [signal.idle ? 'idle' : 'active'] : [];
  });
}

/** "min" equals no output at all; an "active" directly before a watermark is part of it. */
function plain(marks: readonly Mark[]): readonly Mark[] {
  const told = marks.filter((mark) => mark !== 'min');
  const isWatermark = (mark: Mark | undefined): boolean => typeof mark === 'number' || mark === 'max';
  return told.filter((mark, i) => mark !== 'active' || !isWatermark(told[i + 1]));
}

export function checkMarks({ at, expectWatermarks }: StepOf<'expectWatermarks'>, got: readonly Mark[]): void {
  sameSequence(at, plain(expectWatermarks), plain(got));
}
