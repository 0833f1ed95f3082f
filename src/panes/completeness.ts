import type { StateTables } from '../state/table';
import type { Account } from './ledger';

export interface Completeness {
  observe(time: number): void;
  claim(account: Account): number | undefined;
  learn(account: Account): void;
  readonly tables: StateTables;
  report(): Readonly<Record<string, unknown>>;
}
