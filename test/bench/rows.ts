/** The result rows, the same on both sides. */

export interface Window {
  readonly start: number;
  readonly end: number;
}

export interface TotalRow {
  readonly window: Window;
  readonly k: string;
  readonly n: number;
  readonly total: number | null;
}

export interface StatRow extends TotalRow {
  readonly mean: number | null;
  readonly top: number | null;
}

export interface Alert {
  readonly window: Window;
  readonly k: string;
  readonly n: number;
  readonly mean: number;
}

/** Of a join: ids of both rows, the time of the right one, both values. */
export interface PairRow {
  readonly k: string;
  readonly id: string;
  readonly other: string;
  readonly t: number;
  readonly total: number;
}
