import type { Window } from '../rows';
import type { Auction, Bid, Person } from './generator';

/** What the queries say of rows, the same on both sides. */
export interface NexmarkRow {
  readonly k: number;
  readonly window?: Window;
  readonly t?: number;
  readonly id?: string;
  readonly n?: number;
  readonly total?: number;
  readonly mean?: number | null;
  readonly top?: number | null;
}

export const converted = ({ auction, price, t }: Bid): NexmarkRow => ({ k: auction, t, total: price * 0.908 });
export const isChosen = ({ auction }: Bid): boolean => auction % 123 === 0;
export const chosen = ({ auction, price, t }: Bid): NexmarkRow => ({ k: auction, t, total: price });
export const isLocal = ({ state }: Person): boolean => state === 'OR' || state === 'ID' || state === 'CA';
export const isOfCategory = ({ category }: Auction): boolean => category === 10;
export const suggestion = (auction: Auction, person: Person): NexmarkRow => ({ k: auction.id, id: person.name, t: auction.t });
/** Among equals the auction with the greater number. */
export const heat = (auction: number, n: number): number => n * 1e8 + auction;
export const mean = (start: number, category: number, price: number | null): NexmarkRow => ({
  k: category,
  window: { start, end: start + 10_000 },
  mean: price,
});
export const hottest = (start: number, end: number, auction: number, n: number): NexmarkRow => ({
  k: auction,
  window: { start, end },
  n,
});
export const highest = (start: number, top: number | null): NexmarkRow => ({
  k: 0,
  window: { start, end: start + 10_000 },
  top,
});
export const newcomer = (start: number, id: number, n: number): NexmarkRow => ({
  k: id,
  window: { start, end: start + 10_000 },
  n,
});
