import { flatMapGroupsWithState, TidemarkError, type GroupState } from 'tidemark';
import { ManualRun, operatorHarness } from 'tidemark/testing';
import { sameValue } from '../compare';
import { flag, integer, list, listOf, malformed, maybe, nullable, object, oneOf, text, type Shaped } from '../shape';

const mode = oneOf('none', 'processingTime', 'eventTime');
const actions = listOf(list);

const updateRow = object({
  timeout: mode,
  priorState: nullable(integer),
  priorTimeout: nullable(integer),
  batchTimeMs: integer,
  watermarkMs: integer,
  call: oneOf('data', 'timeout', 'none'),
  actions,
  expectState: nullable(integer),
  expectTimeout: nullable(integer),
  lastActionThrows: maybe(flag),
});

const errorRow = object({ timeout: mode, actions, watermarkDeclared: maybe(flag), reason: text });

type State = GroupState<number>;
type Update = (state: State, rows: readonly unknown[]) => void;

/** One operator in a batch that is driven by hand. */
class Bench {
  readonly run = new ManualRun();
  private readonly harness;
  update: Update = () => {};

  constructor(timeout: Shaped<typeof mode>, watermark = true) {
    const operator = flatMapGroupsWithState({
      key: () => 'k',
      timeout,
      update: (_key, rows: readonly object[], state: State) => {
        this.update(state, rows);
        return [];
      },
    });
    this.harness = operatorHarness<object, never, 'event', 'untimed'>(operator as never, {
      run: this.run,
      traits: { watermark },
    });
  }

  /** A batch, with one row for the key or none. */
  batch(time: number, watermark: number, hasRow: boolean, update: Update): void {
    this.run.batch = { id: this.run.batch.id + 1, time, late: 0, watermark };
    this.update = update;
    if (hasRow) this.harness.event(1e9, {});
    this.harness.watermark(watermark);
    this.harness.barrier(this.run.batch.id);
    this.harness.take(); // throws what went wrong
  }

  /** State and timeout of the key as a checkpoint holds them. */
  get stored(): readonly [state: number | null, timeout: number | null] {
    const { tables } = this.harness.snapshot()[0]!;
    const [state] = tables['state']!.entries.map(([, value]) => (value as [number])[0]);
    const [timeout] = tables['timeouts']!.entries.map(([key]) => key[1] as number);
    return [state ?? null, timeout ?? null];
  }
}

function act(state: State, [name, first, second]: readonly unknown[], at: string): void {
  switch (name) {
    case 'update':
      return state.update(first as number);
    case 'remove':
      return state.remove();
    case 'setTimeoutDuration':
      return state.setTimeoutDuration(first as number);
    case 'setTimeoutTimestamp':
      return state.setTimeoutTimestamp(first as number, ...(second === undefined ? [] : [second as number]));
    case 'currentWatermark':
      return void state.getCurrentWatermarkMs();
    default:
      return malformed(at, `unknown action '${String(name)}'`);
  }
}

/** The reason of the refusal; undefined when nothing was refused. */
function refusalOf(work: () => void): string | undefined {
  try {
    work();
  } catch (error) {
    if (error instanceof TidemarkError && error.code === 'TIDEMARK_KEYED_STATE') return error.details['reason'] as string;
    throw error;
  }
  return undefined;
}

export function runGroupStateUpdate(given: unknown, at: string): void {
  const row = updateRow(given, at);
  const bench = new Bench(row.timeout);
  // What the table takes for granted is brought about by a batch before anything is late or due.
  bench.batch(0, 0, true, (state) => {
    if (row.priorState !== null) state.update(row.priorState);
    if (row.priorTimeout !== null && row.timeout === 'processingTime') state.setTimeoutDuration(row.priorTimeout);
    if (row.priorTimeout !== null && row.timeout === 'eventTime') state.setTimeoutTimestamp(row.priorTimeout);
  });
  sameValue(`${at}, before`, [row.priorState, row.priorTimeout], bench.stored);
  const calls: string[] = [];
  bench.batch(row.batchTimeMs, row.watermarkMs, row.call === 'data', (state, rows) => {
    calls.push(state.hasTimedOut ? 'timeout' : 'data');
    sameValue(`${at}, rows`, state.hasTimedOut ? 0 : 1, rows.length);
    sameValue(`${at}, state`, row.priorState, state.getOption() ?? null);
    row.actions.forEach((action, i) => {
      const mustThrow = row.lastActionThrows === true && i === row.actions.length - 1;
      sameValue(`${at}, action ${i} throws`, mustThrow, refusalOf(() => act(state, action, at)) !== undefined);
    });
  });
  sameValue(`${at}, calls`, row.call === 'none' ? [] : [row.call], calls);
  sameValue(`${at}, after`, [row.expectState, row.expectTimeout], bench.stored);
}

export function runGroupStateError(given: unknown, at: string): void {
  const { timeout, actions: wanted, watermarkDeclared = true, reason } = errorRow(given, at);
  const bench = new Bench(timeout, watermarkDeclared);
  let refused: string | undefined;
  bench.batch(1000, 1000, true, (state) => (refused = refusalOf(() => wanted.forEach((action) => act(state, action, at)))));
  sameValue(at, reason, refused);
  sameValue(`${at}, timeout`, null, bench.stored[1]);
}
