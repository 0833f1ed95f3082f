import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The collector comes by, and what waits for it is told. */
export async function collections(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise((next) => void setImmediate(next));
    collect();
    await new Promise((next) => void setImmediate(next));
  }
}
