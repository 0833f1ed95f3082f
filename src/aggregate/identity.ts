import { decodeKey, encodeKey } from '../keyCodec';

/** A primitive that stands for a value; see {@link identityOf}. */
export type Identity = string | number | bigint | boolean;

/**
 * Gives a primitive that two values share exactly when they count as one value: 0 equals -0, NaN equals NaN, Dates of one
 * instant are equal, arrays and plain objects go by content (as in {@link encodeKey}); `1`, `1n` and `'1'` differ. For use
 * in a Map or Set.
 *
 * Text that starts with NUL gets one more NUL in front, which keeps it apart from the texts made for Dates and objects.
 *
 * @param value - neither null nor undefined
 * @throws TIDEMARK_KEY_TYPE for what has no identity: functions, symbols, instances of classes other than Date
 */
export function identityOf(value: unknown): Identity {
  switch (typeof value) {
    case 'string':
      return value.charCodeAt(0) === 0 ? `\0${value}` : value;
    case 'number':
      return value + 0; // -0 becomes 0
    case 'bigint':
    case 'boolean':
      return value;
    default:
      return textOf(value);
  }
}

function textOf(value: unknown): string {
  let text = '\0k';
  for (const byte of encodeKey([value])) text += String.fromCharCode(byte);
  return text;
}

/** The value that an identity stands for; of several equal ones the plain one (0, an object with the prototype of `{}`). */
export function identified(id: Identity): unknown {
  if (typeof id !== 'string' || id.charCodeAt(0) !== 0) return id;
  return id.charCodeAt(1) === 0 ? id.slice(1) : decodeKey(Uint8Array.from(id.slice(2), (char) => char.charCodeAt(0)))[0];
}
