import type { Pane, Window } from '../element';
import { createKeyMap, keyFrom, ownKey, type KeyMap, type KeyOf } from '../key';
import { Recorder } from '../state/recorder';
import type { StateEntry, StateTable } from '../state/table';
import type { Claim } from './completeness';
import type { ResultRow } from '../window/resultRow';

/** Something that was said, and is to be taken back before the next word. */
export interface Said {
  readonly key: readonly unknown[];
  readonly row: ResultRow;
  readonly pane: Pane;
}

/** What is known of one key and window between its panes. */
export interface Account {
  readonly id: KeyOf;
  readonly key: KeyOf;
  window: Window;
  /** Windows of one end speak in the order in which they got their first row. */
  readonly arrival: number;
  /** The trigger's. */
  state: unknown;
  /** The trigger is done: only the last pane is to come. */
  done: boolean;
  /** Rows since the last pane, and at all. */
  fresh: number;
  rows: number;
  /** The next pane's. */
  index: number;
  /** What is to be taken back when it speaks next. */
  owed: Said[];
  /** Where it stands in the wheel of event times, so that it is there once. */
  wakesAt: number;
  gone: boolean;
  /** What was said of its completeness. */
  claims: Claim[];
}

/** The accounts of all open windows, by the change's key. */
export class Ledger {
  private readonly accounts: KeyMap<Account>;
  private readonly recorder: Recorder;
  private arrivals = 0;
  updated = 0;
  removed = 0;

  /** @param columns - of the change's key */
  constructor(
    columns: number,
    private readonly opened: (account: Account) => void,
  ) {
    this.accounts = createKeyMap(columns);
    this.recorder = new Recorder(columns);
  }

  get size(): number {
    return this.accounts.size;
  }

  get(id: KeyOf): Account | undefined {
    return this.accounts.get(id);
  }

  open(id: KeyOf, key: KeyOf, window: Window, state: unknown): Account {
    const own = ownKey(key);
    const counters = { fresh: 0, rows: 0, index: 0, owed: [], wakesAt: Infinity, gone: false, claims: [] };
    return this.put({ id, key: own, window, arrival: this.arrivals++, state, done: false, ...counters });
  }

  private put(account: Account): Account {
    this.accounts.set(account.id, account);
    this.opened(account);
    return account;
  }

  /** The account was changed. */
  touch(account: Account): void {
    this.updated++;
    if (!account.gone) this.recorder.written(account.id);
  }

  /** Takes an account out: its window is over, or part of another one. */
  take(id: KeyOf): Account | undefined {
    const account = this.accounts.get(id);
    if (account === undefined) return undefined;
    account.gone = true;
    this.removed++;
    this.accounts.delete(id);
    this.recorder.gone(id);
    return account;
  }

  get table(): StateTable {
    return this.recorder.table(1, this.accounts, encode, (entries) => {
      for (const [, account] of this.accounts.entries()) account.gone = true;
      this.accounts.clear();
      this.arrivals = 0;
      for (const entry of entries) this.load(entry);
    });
  }

  private load([values, data]: StateEntry): void {
    const [window, arrival, done, fresh, rows, index, state, owed, claims] = data as [
      Window,
      number,
      boolean,
      number,
      number,
      number,
      unknown,
      Said[],
      Claim[],
    ];
    const id = keyFrom(values);
    const key = keyFrom(values.slice(1));
    this.arrivals = Math.max(this.arrivals, arrival + 1);
    const own = { owed: [...owed], claims: [...claims], wakesAt: Infinity, gone: false };
    this.put({ id, key, window, arrival, done, fresh, rows, index, state, ...own });
  }
}

/** Plain data that does not change afterwards: the trigger's state is copied. */
function encode({ window, arrival, done, fresh, rows, index, state, owed, claims }: Account): unknown[] {
  return [window, arrival, done, fresh, rows, index, copyOf(state), [...owed], [...claims]];
}

/** A copy of a trigger's state: plain objects and lists of primitives. */
export function copyOf<V>(value: V): V {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as V;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copyOf(part)])) as V;
}
