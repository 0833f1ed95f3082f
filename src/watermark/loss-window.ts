/** Rows of one or more consultations: how many, how many behind the watermark, how many lost. */
export type Tally = readonly [rows: number, behind: number, lost: number];

/** 97.5 % point of the normal distribution: a two-sided interval of 95 %. */
const Z = 1.959963984540054;

/**
 * The 95 % interval of a share after `hits` of `n` (Wilson 1927): unlike the textbook interval it stays honest for rare
 * hits, and says [0, 0.0013] rather than [0, 0] after none in 3000.
 */
export function wilson(hits: number, n: number): readonly [lo: number, hi: number] {
  if (n === 0) return [0, 1];
  const share = hits / n;
  const z2 = (Z * Z) / n;
  const middle = share + z2 / 2;
  const half = Z * Math.sqrt((share * (1 - share) + z2 / 4) / n);
  // With no hits (or nothing else) the bound is exact; the subtraction would leave a rounding error.
  return [hits === 0 ? 0 : (middle - half) / (1 + z2), hits === n ? 1 : (middle + half) / (1 + z2)];
}

/** Tallies smaller than this part of the span are added up, so that their number is bounded whatever their size. */
const PARTS = 32;

/** The tallies of the last consultations: no more of them than it takes to hold `span` rows. */
export class LossWindow {
  private tallies: Tally[] = [];
  rows = 0;
  behind = 0;
  lost = 0;

  constructor(private readonly span: number) {}

  push(tally: Tally): void {
    const { tallies, span } = this;
    const last = tallies.at(-1);
    if (last && last[0] < span / PARTS)
      tallies[tallies.length - 1] = [last[0] + tally[0], last[1] + tally[1], last[2] + tally[2]];
    else tallies.push(tally);
    this.count(tally, 1);
    // The oldest leaves only when the others are enough without it.
    while (this.rows - tallies[0]![0] >= span) this.count(tallies.shift()!, -1);
  }

  private count([rows, behind, lost]: Tally, sign: 1 | -1): void {
    this.rows += sign * rows;
    this.behind += sign * behind;
    this.lost += sign * lost;
  }

  encode(): readonly Tally[] {
    return [...this.tallies];
  }

  decode(tallies: readonly Tally[]): void {
    this.rows = this.behind = this.lost = 0;
    this.tallies = [...tallies];
    for (const tally of tallies) this.count(tally, 1);
  }
}
