import { of } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { events, rows, transformWithState } from 'tidemark';

interface Call {
  readonly k: string;
  readonly call: 'get' | 'update' | 'clear';
  readonly value?: number;
}

describe('[D43] a value in the state of a key', () => {
  it('get, update, clear: a missing key gives undefined, clearing it is silent, keys do not see each other', () => {
    const calls: readonly Call[] = [
      { k: 'a', call: 'get' },
      { k: 'a', call: 'clear' },
      { k: 'a', call: 'update', value: 1 },
      { k: 'b', call: 'get' },
      { k: 'a', call: 'get' },
      { k: 'a', call: 'update', value: 2 },
      { k: 'a', call: 'get' },
      { k: 'a', call: 'clear' },
      { k: 'a', call: 'get' },
      { k: 'a', call: 'clear' },
    ];
    const said: unknown[] = [];
    events(of(...calls))
      .pipe(
        transformWithState(
          (handle) => {
            const state = handle.valueState<number>('value');
            return {
              handleInputRows(key: string, [row]: readonly Call[], _timers, out: (said: unknown) => void) {
                if (row?.call === 'update') state.update(row.value!);
                else if (row?.call === 'clear') state.clear();
                else out([key, state.get(), state.exists()]);
              },
            };
          },
          { key: 'k' },
        ),
        rows(),
      )
      .subscribe({ next: (row) => said.push(row), error: (cause) => said.push(cause) });
    expect(said).toEqual([
      ['a', undefined, false],
      ['b', undefined, false],
      ['a', 1, true],
      ['a', 2, true],
      ['a', undefined, false],
    ]);
  });
});
