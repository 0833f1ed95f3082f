/** What rows are grouped by: `identity.ts` which values are one key, `reader.ts` a row's key, `keyMap.ts` what is kept by it. */
export { keyFrom, keyValues, normalKey, ownKey, restoreKey, type KeyOf, type Primitive } from './identity';
export { createKeyMap, type KeyMap } from './keyMap';
export { readerOf, type KeyReader, type KeySpec } from './reader';
