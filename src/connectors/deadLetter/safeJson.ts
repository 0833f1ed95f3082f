/** Deeper values are cut. */
const DEPTH = 64;

/**
 * Any value as JSON that people can read, never throwing: what JSON has no form for is an object with one key that begins
 * with `$`. Dates, bigints, Maps, Sets, bytes, undefined, NaN, Infinity and -0 come back from `fromSafeJson`; functions,
 * symbols and class instances are described; circular and very deep values, and properties that throw, are cut.
 *
 * @example
 * ```ts
 * JSON.stringify(toSafeJson({ at: new Date(0), big: 7n })); // => '{"at":{"$date":"1970-01-01T00:00:00.000Z"},"big":{"$bigint":"7"}}'
 * ```
 */
export function toSafeJson(value: unknown): unknown {
  return encode(value, []);
}

function encode(value: unknown, above: readonly object[]): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) };
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (value === undefined) return { $undefined: true };
  if (typeof value !== 'object') return { $described: String(value).slice(0, 200) };
  if (above.includes(value)) return { $described: 'circular' };
  if (above.length === DEPTH) return { $described: 'too deep' };
  return encodeObject(value, [...above, value]);
}

function encodeObject(value: object, above: readonly object[]): unknown {
  const inner = (one: unknown): unknown => encode(one, above);
  if (Array.isArray(value)) return Array.from(value, inner);
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  if (value instanceof Map) return { $map: [...value].map(([key, one]) => [inner(key), inner(one)]) };
  if (value instanceof Set) return { $set: [...value].map(inner) };
  if (value instanceof Uint8Array) return { $bytes: Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('') };
  if (value instanceof Error) return { $described: `${value.name}: ${value.message}` };
  const entries = Object.keys(value).map((key) => [key, inner(read(value, key))] as const);
  // An object that looks like one of ours is written as pairs.
  if (entries.length === 1 && entries[0]?.[0].startsWith('$')) return { $object: entries };
  return Object.fromEntries(entries);
}

function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch (cause) {
    return new Error(`unreadable: ${String(cause)}`);
  }
}

const DECODERS: Readonly<Record<string, (content: never) => unknown>> = {
  $number: (text: string) => Number(text),
  $bigint: (text: string) => BigInt(text),
  $undefined: () => undefined,
  $date: (text: string | null) => new Date(text ?? NaN),
  $map: (pairs: readonly (readonly [unknown, unknown])[]) =>
    new Map(pairs.map(([key, one]) => [fromSafeJson(key), fromSafeJson(one)])),
  $set: (values: readonly unknown[]) => new Set(values.map(fromSafeJson)),
  $bytes: (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16)),
  $object: (pairs: readonly (readonly [string, unknown])[]) => objectOf(pairs),
};

/** The value again; what was only described stays a description. */
export function fromSafeJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(fromSafeJson);
  const entries = Object.entries(value);
  const [only] = entries;
  const decode = entries.length === 1 && only !== undefined && Object.hasOwn(DECODERS, only[0]) ? DECODERS[only[0]] : undefined;
  return decode === undefined ? objectOf(entries) : decode(only?.[1] as never);
}

/** `fromEntries` defines properties: a key `__proto__` stays a key. */
function objectOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  return Object.fromEntries(entries.map(([key, one]) => [key, fromSafeJson(one)]));
}
