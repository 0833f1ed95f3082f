import { checkOption } from '../errors';
import type { CheckpointLocation, NamedBytes, StateBackend } from './backend';
import { ByteWriter, fromUtf8, toUtf8 } from './bytes';
import { platformDigests } from './digests';
import { corrupt, tooNew } from './faults';
import { checkCheckpoint } from './fsck';
import { readLog, sourcesOf } from './log';
import { COMMITS, IDENTITY, PLANS, STATE } from './names';
import { FORMAT } from './recordFile';
import { journalFolder } from './storedJournal';

const MAGIC = /* @__PURE__ */ toUtf8('TDMA');

/**
 * A whole checkpoint in one piece: the same files, journals of sources too, byte for byte, so that it can go from a tab to Node and back. Locks and
 * epochs stay behind. Fails where `checkCheckpoint` finds something.
 *
 * @param location - of a checkpoint that no query writes to
 * @throws TIDEMARK_CHECKPOINT_CORRUPT with the first finding
 * @example
 * ```ts
 * const place = memoryCheckpoint();
 * const query = streamingQuery(observableSource(of({ t: 1, k: 'a' }, { t: 2, k: 'b' })), (rows$) =>
 *   rows$.pipe(withWatermark('t', 0, { id: 'time' }), aggregate({ id: 'counts', key: 'k', select: { n: agg.count() } })),
 * ).writeStream({ sink: memorySink({ name: 'exported', mode: 'update' }), outputMode: 'update', checkpoint: place, trigger: availableNow() });
 * await query.start();
 * await query.awaitTermination();
 * const there = memoryCheckpoint();
 * await importCheckpoint(await exportCheckpoint(place), there);
 * (await readCheckpoint(there)).queryId === (await readCheckpoint(place)).queryId; // => true
 * ```
 */
export async function exportCheckpoint(location: CheckpointLocation): Promise<Uint8Array> {
  const backend = await location.open();
  const { findings } = await checkCheckpoint(backend);
  if (findings[0] !== undefined) throw corrupt(findings[0].name, findings[0].message);
  const files = await filesOf(backend);
  const out = new ByteWriter();
  out.bytes(MAGIC);
  out.u32(FORMAT);
  out.u32(files.length);
  for (const { name, bytes } of files) {
    out.text(name);
    out.sized(bytes);
  }
  out.u32(platformDigests.crc32(out.peek()));
  return out.take();
}

/** In the order in which a copy must be made: the identity last, since files without it are no checkpoint. */
async function filesOf(backend: StateBackend): Promise<NamedBytes[]> {
  const files: NamedBytes[] = [];
  const journals = sourcesOf(await readLog(backend, backend.digests ?? platformDigests)).map(journalFolder);
  for (const folder of [...journals, STATE, PLANS, COMMITS]) {
    for (const base of await backend.list(folder))
      files.push({ name: `${folder}/${base}`, bytes: await mustRead(backend, `${folder}/${base}`) });
  }
  return [...files, { name: IDENTITY, bytes: await mustRead(backend, IDENTITY) }];
}

async function mustRead(backend: StateBackend, name: string): Promise<Uint8Array> {
  const bytes = await backend.read(name);
  checkOption(bytes !== undefined, `${name} is not there: is ${backend.location} a checkpoint?`, { name });
  return bytes;
}

/**
 * Puts an exported checkpoint into an empty place.
 *
 * @param archive - from {@link exportCheckpoint}
 * @param location - where nothing is yet
 * @throws TIDEMARK_CHECKPOINT_CORRUPT the archive is damaged; TIDEMARK_OPTION the place is not empty
 */
export async function importCheckpoint(archive: Uint8Array, location: CheckpointLocation, owner = 'import'): Promise<void> {
  const files = filesIn(archive);
  const backend = await location.open();
  await backend.acquire({ owner, since: 0 });
  try {
    const isEmpty = (await backend.read(IDENTITY)) === undefined && (await backend.list(COMMITS)).length === 0;
    checkOption(isEmpty, `${location.location} holds a checkpoint already`, { location: location.location });
    for (const file of files) await backend.publish([file]);
  } finally {
    await backend.release();
  }
}

function filesIn(archive: Uint8Array): NamedBytes[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = archive.length - 4;
  const isWhole = end >= 12 && platformDigests.crc32(archive.subarray(0, end)) === view.getUint32(end, true);
  if (!isWhole || MAGIC.some((byte, i) => archive[i] !== byte)) throw corrupt('archive', 'it is cut off, changed, or no archive');
  const format = view.getUint32(4, true);
  if (format > FORMAT) throw tooNew('archive', format, FORMAT);
  let at = 12;
  const sized = (): Uint8Array => {
    const from = at + 4;
    at = from + view.getUint32(at, true);
    return archive.slice(from, at);
  };
  return Array.from({ length: view.getUint32(8, true) }, () => ({ name: fromUtf8(sized()), bytes: sized() }));
}
