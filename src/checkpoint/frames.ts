import { ByteWriter, toUtf8 } from './bytes';
import type { Digests } from './digests';
import { corrupt, tooNew } from './faults';
import { FORMAT } from './recordFile';
import type { StateKind } from './names';

/**
 * Binary files: a header (`TDMK`, format, kind, flags, checksum), frames `[length][checksum][type][payload]`, and an end
 * frame with the number of frames and entries. The checksum of a frame begins with query, kind, batch, attempt and the
 * frame's number, so frames cannot be swapped, dropped, repeated or moved to another file.
 */
const MAGIC = /* @__PURE__ */ toUtf8('TDMK');
const KINDS: Readonly<Record<StateKind, number>> = { delta: 1, snap: 2, out: 3 };
const HEADER_BYTES = 12;
const FRAME_BYTES = 9;
const END = 255;

/** Where a file belongs. */
export interface FramePlace {
  readonly name: string;
  readonly kind: StateKind;
  readonly queryId: string;
  readonly batch: number;
  readonly attempt: string;
}

/** Writes the frames of one file. */
export class FrameWriter {
  /** The payload of the frame that is open goes here. */
  readonly out = new ByteWriter(4096);
  private readonly checksums: Checksums;
  private start = 0;
  private frames = 0;
  /** Entries of all frames, for the end frame. */
  entries = 0;

  constructor(place: FramePlace, digests: Digests) {
    this.checksums = new Checksums(place, digests);
    this.out.bytes(MAGIC);
    this.out.u16(FORMAT);
    this.out.u8(KINDS[place.kind]);
    this.out.u8(0);
    this.out.u32(this.checksums.header(this.out.peek()));
  }

  begin(type: number): void {
    this.start = this.out.length;
    this.out.u32(0);
    this.out.u32(0);
    this.out.u8(type);
  }

  /** Bytes of the open frame so far. */
  get size(): number {
    return this.out.length - this.start;
  }

  finish(): void {
    const length = this.out.length - this.start - FRAME_BYTES;
    this.out.patchU32(this.start, length);
    this.out.patchU32(this.start + 4, this.checksums.frame(this.frames++, length, this.out.peek(this.start + 8)));
  }

  end(): Uint8Array {
    this.begin(END);
    this.out.u32(this.frames);
    this.out.f64(this.entries);
    this.out.f64(this.start);
    this.finish();
    return this.out.take();
  }
}

class Checksums {
  private readonly seed: number;
  private readonly prefix = new DataView(new ArrayBuffer(8));
  private readonly prefixBytes = new Uint8Array(this.prefix.buffer);

  constructor(
    { queryId, kind, batch, attempt }: FramePlace,
    private readonly digests: Digests,
  ) {
    this.seed = digests.crc32(toUtf8(`${queryId} ${kind} ${batch} ${attempt} `));
  }

  header(bytes: Uint8Array): number {
    return this.digests.crc32(bytes, this.seed);
  }

  frame(index: number, length: number, typeAndPayload: Uint8Array): number {
    this.prefix.setUint32(0, index, true);
    this.prefix.setUint32(4, length, true);
    return this.digests.crc32(typeAndPayload, this.digests.crc32(this.prefixBytes, this.seed));
  }
}

/** A verified frame: its payload is `bytes` from `from` to `to`. */
export interface Frame {
  readonly type: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Reads the frames of a file; each is verified before it is handed out, and the end frame before the last one returns.
 *
 * @throws TIDEMARK_CHECKPOINT_CORRUPT, TIDEMARK_FORMAT_TOO_NEW
 */
export function* readFrames(bytes: Uint8Array, place: FramePlace, digests: Digests): Generator<Frame, number> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const checksums = new Checksums(place, digests);
  checkHeader(bytes, view, place, checksums);
  let at = HEADER_BYTES;
  for (let index = 0; ; index++) {
    if (at + FRAME_BYTES > bytes.length) throw corrupt(place.name, 'it is cut off', { at });
    const length = view.getUint32(at, true);
    const to = at + FRAME_BYTES + length;
    if (to > bytes.length) throw corrupt(place.name, 'it is cut off', { at });
    const crc = checksums.frame(index, length, bytes.subarray(at + 8, to));
    if (crc !== view.getUint32(at + 4, true)) throw corrupt(place.name, `the checksum of frame ${index} is wrong`, { at });
    const type = bytes[at + 8]!;
    if (type === END) {
      const fits = length === 20 && view.getUint32(at + 9, true) === index && view.getFloat64(at + 21, true) === at;
      if (!fits || to !== bytes.length) throw corrupt(place.name, 'its end does not fit', { at });
      return view.getFloat64(at + 13, true);
    }
    yield { type, from: at + FRAME_BYTES, to };
    at = to;
  }
}

function checkHeader(bytes: Uint8Array, view: DataView, place: FramePlace, checksums: Checksums): void {
  if (bytes.length < HEADER_BYTES) throw corrupt(place.name, 'it is cut off');
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) throw corrupt(place.name, 'it does not begin like a state file');
  const format = view.getUint16(4, true);
  const isSound = checksums.header(bytes.subarray(0, 8)) === view.getUint32(8, true);
  if (format > FORMAT && isSound) throw tooNew(place.name, format, FORMAT);
  if (!isSound || bytes[6] !== KINDS[place.kind]) throw corrupt(place.name, 'the checksum of its header is wrong');
}
