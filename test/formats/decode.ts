import type { DecodeContext, Format } from 'tidemark';

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export type Heard =
  { readonly row: unknown; readonly line: number } | { readonly bad: string; readonly message: string; readonly line: number };

/** All that a decoder says of these bytes, cut at these places. */
export function decode(
  format: Format,
  bytes: Uint8Array | string,
  cuts: readonly number[] = [],
  context: DecodeContext = { mode: 'strict' },
): { heard: Heard[]; counts: Readonly<Record<string, number>> } {
  const all = typeof bytes === 'string' ? utf8(bytes) : bytes;
  const heard: Heard[] = [];
  const out = {
    row: (row: unknown, line: number) => void heard.push({ row, line }),
    bad: (bad: string, message: string, line: number) => void heard.push({ bad, message, line }),
  };
  const decoder = format.decoder(context);
  const places = [0, ...[...cuts].sort((a, b) => a - b), all.length];
  for (let i = 1; i < places.length; i++) {
    const piece = all.slice(places[i - 1], places[i]);
    decoder.push(piece, out);
    piece.fill(0); // the caller may use its buffer again
  }
  decoder.end(out);
  return { heard, counts: decoder.counts };
}

export const rowsOf = (...args: Parameters<typeof decode>): unknown[] =>
  decode(...args).heard.flatMap((one) => ('row' in one ? [one.row] : []));
export const badOf = (...args: Parameters<typeof decode>): { bad: string; line: number }[] =>
  decode(...args).heard.flatMap((one) => ('bad' in one ? [{ bad: one.bad, line: one.line }] : []));
