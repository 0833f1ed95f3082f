import { map } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { weave } from 'tidemark/testing';
import { describe, expect, it } from 'vitest';

const values = { a: { time: 1, row: 'a' }, b: { time: 2, row: 'b' }, c: { time: 3, row: 'c' }, V: 5, T: 10 };
const shown = (rows: string, watermarks: string, expected: string): void =>
  new TestScheduler((actual, wanted) => expect(actual).toEqual(wanted)).run(({ expectObservable }) => {
    const input = weave(rows, watermarks, values);
    expectObservable(
      input.pipe(
        map((signal) =>
          signal.kind === 'event' ? signal.row : signal.kind === 'watermark' ? (signal.time === 5 ? 'V' : 'T') : '?',
        ),
      ),
    ).toBe(expected);
  });

describe('weave', () => {
  it('lays rows and watermarks on one another', () => {
    shown('-a-b---c-|', '--V---T', '-aVb--Tc-|');
    shown('-a-#', '', '-a-#');
    shown('a', 'V'.padStart(2, '-'), 'aV');
  });

  it('a group is one frame, and takes as many as it has characters', () => {
    shown('-(ab)-c|', '-----V-', '-(ab)Vc|');
  });

  it('ignores spaces, as RxJS does', () => {
    shown('  -a-b---c-|', '  --V---T', '-aVb--Tc-|');
  });

  it.each([
    ['two symbols in one column', '-a-|', '-V'],
    ['a symbol without a value', '-x-|', ''],
    ['a watermark that falls', '-----|', '-T-V'],
    ['a watermark on the end', '-a-|', '---V'],
  ])('refuses %s', (_name, rows, watermarks) => {
    expect(() => weave(rows, watermarks, values)).toThrow(expect.objectContaining({ code: 'TIDEMARK_OPTION' }) as Error);
  });

  it('a watermark that stands still is none that falls', () => {
    expect(() => weave('-----|', '-V-V', values)).not.toThrow();
  });
});
