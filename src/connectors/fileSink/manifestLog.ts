import { TidemarkError } from '../../errors';
import type { SinkFolder } from './folder';
import { compactName, decodeManifests, encodeManifests, manifestName, numbered, rangeOf, type Manifest } from './manifest';
import { hasCode, join } from './paths';

/** The folder of the manifests. */
export const LOG = '_tidemark_log';

const at = (name: string): string => join(LOG, name);

/**
 * Which batches a folder holds. One file a batch, `0000000000000007`, published once and never changed; every 10 batches they
 * are put together, every 100 those, and so on: a log of n batches has some 10 * log10(n) files.
 */
export class ManifestLog {
  private epoch = 0;

  constructor(private readonly folder: SinkFolder) {}

  /**
   * Becomes the writer.
   *
   * @throws `TIDEMARK_FENCED` if there is a writer with a higher epoch
   */
  async acquire(epoch: number): Promise<void> {
    this.epoch = epoch;
    await this.folder.make(LOG);
    const names = await this.folder.list(LOG);
    this.checkEpochs(names);
    const mine = `epoch-${numbered(epoch)}`;
    const remove = async (isOld: (name: string) => boolean): Promise<void> => {
      for (const name of names) if (isOld(name)) await this.folder.remove(this.folder.at(at(name)));
    };
    await remove((name) => name.endsWith('.tmp')); // first: names of temporary files may come again
    if (!names.includes(mine)) await this.folder.write(at(mine), new Uint8Array(), 'replace');
    await this.folder.sync(LOG);
    await remove((name) => name.startsWith('epoch-') && name < mine);
  }

  /** @throws `TIDEMARK_FENCED` if another writer has come since */
  async checkFence(): Promise<void> {
    this.checkEpochs(await this.folder.list(LOG));
  }

  private checkEpochs(names: readonly string[]): void {
    const highest = Math.max(0, ...names.map((name) => Number(/^epoch-(\d{16})$/.exec(name)?.[1] ?? 0)));
    if (highest <= this.epoch) return;
    const details = { path: this.folder.root, epoch: this.epoch, highest };
    throw new TidemarkError('TIDEMARK_FENCED', 'another run writes to this folder now', details);
  }

  /** Publishes the manifest of a batch, durable when this resolves. False: the batch has one already. */
  async publish(manifest: Manifest): Promise<boolean> {
    const name = manifestName(manifest.batch);
    try {
      await this.folder.write(at(name), await encodeManifests([manifest]), 'publish');
    } catch (cause) {
      if (hasCode(cause, 'EEXIST')) return false;
      throw cause;
    }
    await this.folder.sync(LOG);
    return true;
  }

  /** The manifest of a batch, durable when it is given. */
  async find(batch: number): Promise<Manifest | undefined> {
    const manifests = await this.read((from, to) => from <= batch && batch <= to);
    const found = manifests.get(batch);
    if (found !== undefined) await this.folder.sync(LOG); // who published it may have died before that
    return found;
  }

  async last(): Promise<number | undefined> {
    const ends = (await this.folder.list(LOG)).flatMap((name) => rangeOf(name)?.[1] ?? []);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  /** All manifests by batch, in their order. */
  async all(): Promise<Map<number, Manifest>> {
    const found = await this.read(() => true);
    return new Map([...found].sort(([a], [b]) => a - b));
  }

  private async read(wanted: (from: number, to: number) => boolean): Promise<Map<number, Manifest>> {
    for (;;) {
      const found = await this.readOnce(wanted);
      if (found !== undefined) return found;
    }
  }

  /** Undefined: a file went away between the listing and the reading, because it was compacted. */
  private async readOnce(wanted: (from: number, to: number) => boolean): Promise<Map<number, Manifest> | undefined> {
    const found = new Map<number, Manifest>();
    for (const name of await this.folder.list(LOG)) {
      const range = rangeOf(name);
      if (range === undefined || !wanted(...range)) continue;
      const bytes = await this.folder.read(at(name));
      if (bytes === undefined) return undefined;
      for (const manifest of await decodeManifests(name, bytes)) found.set(manifest.batch, manifest);
    }
    return found;
  }

  /** After batch 9, 19, …: puts the last 10 together; after 99, 199, … the last 100. */
  async compact(batch: number): Promise<void> {
    let size = 1;
    while ((batch + 1) % (size * 10) === 0) size *= 10;
    if (size === 1) return;
    const [from, to] = [batch + 1 - size, batch];
    const isInside = (first: number, last: number): boolean => from <= first && last <= to;
    const manifests = [...(await this.read(isInside)).values()].sort((a, b) => a.batch - b.batch);
    const name = compactName(from, to);
    await this.folder.write(at(name), await encodeManifests(manifests), 'replace');
    await this.folder.sync(LOG);
    for (const old of await this.folder.list(LOG)) {
      const range = rangeOf(old);
      if (range !== undefined && old !== name && isInside(...range)) await this.folder.remove(this.folder.at(at(old)));
    }
  }
}
