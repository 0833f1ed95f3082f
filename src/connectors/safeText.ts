/** Control characters (C0, DEL, C1, so every ANSI sequence), line separators, and marks that turn the direction of text. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\b': '\\b', '\f': '\\f' };

/**
 * Text that is safe to print: what would steer a terminal, forge a line of a log or turn its direction is written out as
 * `\n` or `\u001b`.
 *
 * @example
 * ```ts
 * safeText('a\nb\u001b[31m'); // => 'a\\nb\\u001b[31m'
 * ```
 */
export function safeText(text: string): string {
  return text.replace(UNSAFE, (char) => NAMED[char] ?? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
