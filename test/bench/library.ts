import * as lib from 'tidemark';
export { agg, aggregate, filterRows, mapRows, rows, session, sliding, tumbling, withWatermark } from 'tidemark';
export const dropDuplicates = (lib as any).dropDuplicates as any;
