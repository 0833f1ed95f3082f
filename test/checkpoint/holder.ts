/** Holds a checkpoint until it is killed: `node --import tsx holder.ts FOLDER`. */
import { fileCheckpoint } from '../../src/node';
import { open } from './script';

await open(fileCheckpoint(process.argv[2]!));
console.log('held');
process.stdin.resume();
setInterval(() => {}, 1_000);
