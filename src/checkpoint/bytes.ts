const utf8 = /* @__PURE__ */ new TextEncoder();
/** `ignoreBOM`: a text that begins with U+FEFF keeps it. */
const utf8Text = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8. Lone surrogates must be escaped before (JSON does). */
export const toUtf8 = (text: string): Uint8Array => utf8.encode(text);

/** The text of UTF-8 bytes; throws a TypeError for bytes that are none. */
export const fromUtf8 = (bytes: Uint8Array): string => utf8Text.decode(bytes);

/** Of a text that is written character by character. */
const SHORT = 256;
/** For what is written in place. */
const ROOM = 512;

/** Bytes that grow at the end. Integers are little-endian on every machine. */
export class ByteWriter {
  private buffer: Uint8Array;
  private view: DataView;
  length = 0;

  constructor(capacity = 1024) {
    this.buffer = new Uint8Array(capacity);
    this.view = new DataView(this.buffer.buffer);
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.view.setUint16(this.length, value, true);
    this.length += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.length, value, true);
    this.length += 4;
  }

  f64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Text as UTF-8, its length in bytes before it. */
  text(text: string): void {
    this.reserve(4 + text.length * 3);
    if (text.length <= SHORT && this.ascii(text)) return;
    const { written } = utf8.encodeInto(text, this.buffer.subarray(this.length + 4));
    this.view.setUint32(this.length, written, true);
    this.length += 4 + written;
  }

  /** A call of the encoder costs more than a short text of ASCII. False: it is none. */
  private ascii(text: string): boolean {
    const { buffer } = this;
    const { length } = text;
    const from = this.length + 4;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[from + i] = code;
    }
    this.view.setUint32(this.length, length, true);
    this.length = from + length;
    return true;
  }

  /**
   * Lets `write` put the bytes of `value`, their number before them; false if it gives -1 or they are more than a few: then
   * nothing was written. How much room there happens to be makes no difference: equal values, equal bytes.
   */
  sizedBy<T>(write: (value: T, into: Uint8Array, at: number) => number, value: T): boolean {
    this.reserve(4 + ROOM);
    const from = this.length + 4;
    const end = write(value, this.buffer, from);
    if (end < 0 || end > from + ROOM) return false;
    this.view.setUint32(this.length, end - from, true);
    this.length = end;
    return true;
  }

  /** Bytes, their number before them. */
  sized(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.bytes(bytes);
  }

  /** Puts a number where room was left. */
  patchU32(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  /** A view of what was written, valid until the next write. */
  peek(from = 0): Uint8Array {
    return this.buffer.subarray(from, this.length);
  }

  /** A copy of what was written. */
  take(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }
}
