import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';

type Pieces = AsyncIterable<Uint8Array>;

const [LF, CR, QUOTE] = [10, 13, 34];

/**
 * The bytes of a user's file, piece by piece, as the formats take them: unpacked if they are gzip, whatever the name says;
 * UTF-8 if they are UTF-16 with its mark; and LF where lines end with CR alone.
 */
export async function* bytesOf(path: string): AsyncGenerator<Uint8Array> {
  yield* piecewise(createReadStream(path), (head, file) =>
    startsWith(head, 0x1f, 0x8b)
      ? piecewise(
          pipeline(file, createGunzip(), () => {}),
          asUtf8,
        )
      : asUtf8(head, file),
  );
}

function asUtf8(head: Uint8Array, pieces: Pieces): Pieces {
  if (startsWith(head, 0xff, 0xfe)) return piecewise(decoded(pieces, 'utf-16le'), withLineFeeds);
  return startsWith(head, 0xfe, 0xff) ? piecewise(decoded(pieces, 'utf-16be'), withLineFeeds) : withLineFeeds(head, pieces);
}

function withLineFeeds(head: Uint8Array, pieces: Pieces): Pieces {
  const end = firstLineEnd(head);
  // A CR at the very end may have its LF in the next piece.
  const isCrAlone = head[end] === CR && end < head.length - 1 && head[end + 1] !== LF;
  return isCrAlone ? replaced(pieces) : pieces;
}

/** Outside of quotes: within them a line of CSV goes on. */
function firstLineEnd(head: Uint8Array): number {
  let isQuoted = false;
  return head.findIndex((byte) => {
    if (byte === QUOTE) isQuoted = !isQuoted;
    return !isQuoted && (byte === LF || byte === CR);
  });
}

/** What becomes of the pieces hangs on the first of them. */
async function* piecewise(pieces: Pieces, give: (head: Uint8Array, pieces: Pieces) => Pieces): AsyncGenerator<Uint8Array> {
  const rest = pieces[Symbol.asyncIterator]();
  try {
    const first = await rest.next();
    if (first.done === true) return;
    yield* give(first.value, chained(first.value, rest));
  } finally {
    await rest.return?.();
  }
}

async function* chained(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* { [Symbol.asyncIterator]: () => rest };
}

async function* decoded(pieces: Pieces, encoding: string): AsyncGenerator<Uint8Array> {
  const [from, to] = [new TextDecoder(encoding), new TextEncoder()];
  for await (const piece of pieces) yield to.encode(from.decode(piece, { stream: true }));
  yield to.encode(from.decode());
}

async function* replaced(pieces: Pieces): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield piece.map((byte) => (byte === CR ? LF : byte));
}

function startsWith(bytes: Uint8Array, ...head: readonly number[]): boolean {
  return head.every((byte, i) => bytes[i] === byte);
}
