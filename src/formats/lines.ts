import { SHOWN } from './format';

/** What takes the lines. */
export interface LineConsumer {
  /** Whole lines, each with its `\n`; only the last line of all may lack it. */
  lines(text: string): void;
  /** A line that is too long: its beginning, and how many bytes it has. */
  giant(head: string, bytes: number): void;
}

const NEWLINE = 10;
const BOM = '\uFEFF';

/**
 * Cuts bytes into lines of UTF-8 text, many at a time: one text for all whole lines of a piece. A line beyond the limit
 * is never held in memory. A byte order mark at the beginning is left out; bytes that are no UTF-8 become U+FFFD and are
 * counted, the same however the bytes are cut, because no character of UTF-8 has a newline in it.
 */
export class LineSplitter {
  /** Characters that stand for bytes that are no UTF-8. */
  replaced = 0;
  /** The beginning of the line that has not ended yet; cut to what is shown once the line is too long. */
  private pending: Uint8Array[] = [];
  private pendingBytes = 0;
  private isFirst = true;
  private readonly utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(
    private readonly maxLineBytes: number,
    private readonly out: LineConsumer,
  ) {}

  push(bytes: Uint8Array): void {
    const last = bytes.lastIndexOf(NEWLINE);
    if (last < 0) return this.hold(bytes);
    let from = 0;
    if (this.pendingBytes > 0) {
      from = bytes.indexOf(NEWLINE) + 1;
      this.hold(bytes.subarray(0, from - 1));
      this.line(true);
    }
    this.whole(bytes.subarray(from, last + 1));
    this.hold(bytes.subarray(last + 1));
  }

  end(): void {
    if (this.pendingBytes > 0) this.line(false);
  }

  private hold(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.pendingBytes += bytes.length;
    const isGiant = this.pendingBytes > this.maxLineBytes;
    if (isGiant && this.pending.length > 0 && this.pendingBytes - bytes.length > SHOWN) {
      this.pending = [joined(this.pending).slice(0, SHOWN)];
      return;
    }
    this.pending.push(bytes.slice(0, isGiant ? SHOWN : bytes.length)); // a copy: the caller may use its buffer again
  }

  /** The line that was pending is over. */
  private line(hasEnd: boolean): void {
    const [bytes, size] = [joined(this.pending), this.pendingBytes];
    this.pending = [];
    this.pendingBytes = 0;
    if (size > this.maxLineBytes) return this.out.giant(this.text(bytes.subarray(0, SHOWN)), size);
    const text = this.text(bytes);
    this.out.lines(hasEnd ? `${text}\n` : text);
  }

  /** Lines that begin and end in this piece. */
  private whole(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (bytes.length <= this.maxLineBytes) return this.out.lines(this.text(bytes));
    for (let at = 0; at < bytes.length;) {
      const end = bytes.indexOf(NEWLINE, at);
      if (end - at > this.maxLineBytes) this.out.giant(this.text(bytes.subarray(at, Math.min(end, at + SHOWN))), end - at);
      else this.out.lines(this.text(bytes.subarray(at, end + 1)));
      at = end + 1;
    }
  }

  private text(bytes: Uint8Array): string {
    let text = this.utf8.decode(bytes);
    if (this.isFirst && text.startsWith(BOM)) text = text.slice(1);
    this.isFirst = false;
    if (text.includes('\uFFFD')) this.replaced += replacements(text, bytes);
    return text;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0] !== undefined) return parts[0];
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Replacement characters that were not in the bytes already (as EF BF BD). */
function replacements(text: string, bytes: Uint8Array): number {
  let count = 0;
  for (let at = text.indexOf('\uFFFD'); at >= 0; at = text.indexOf('\uFFFD', at + 1)) count++;
  for (let at = bytes.indexOf(0xef); at >= 0; at = bytes.indexOf(0xef, at + 1)) {
    if (bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd) count--;
  }
  return count;
}
