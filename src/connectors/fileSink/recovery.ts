import type { SinkFolder } from './folder';
import type { Manifest } from './manifest';
import { LOG } from './manifestLog';
import { attemptName, partOf } from './parts';
import { beside, nameOf } from './paths';

/**
 * Removes what crashes have left: files of attempts that no manifest names, and files that a manifest has replaced. Files
 * that are committed but not shown yet are shown. Runs before the first commit of a start: no other attempt is at work.
 */
export async function removeOrphans(folder: SinkFolder, manifests: ReadonlyMap<number, Manifest>): Promise<void> {
  const removed = new Set([...manifests.values()].flatMap((manifest) => manifest.removed ?? []));
  const touched = new Set<string>();
  const paths: string[] = [];
  for await (const path of folder.files()) if (!path.startsWith(`${LOG}/`)) paths.push(path);
  for (const path of paths) {
    const part = partOf(path);
    if (part === undefined) continue; // not ours
    const manifest = manifests.get(part.batch);
    const isListed = manifest !== undefined && attemptName(manifest.attempt) === part.attempt;
    if (isListed && part.state === 'shown' && !removed.has(path)) continue;
    if (isListed && part.state === 'hidden') await folder.show(path, beside(path, nameOf(path).slice(1)));
    else await folder.remove(folder.at(path));
    touched.add(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
  }
  for (const place of touched) await folder.sync(place);
}
