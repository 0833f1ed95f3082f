/**
 * Text in capitals by Unicode's rules, the same on every machine, whatever its language: `ß` becomes `SS`, `i` is always `I`.
 *
 * @param text - text, or null
 * @returns the text in capitals; null for null, as in SQL
 * @example
 * ```ts
 * upper('straße, ﬁn'); // => 'STRASSE, FIN'
 * upper(null); // => null
 * ```
 */
export function upper<T extends string | null | undefined>(text: T): T extends string ? string : string | null {
  return (typeof text === 'string' ? text.toUpperCase() : null) as T extends string ? string : string | null;
}
