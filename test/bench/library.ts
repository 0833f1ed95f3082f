/**
 * The library as its users see it: the only file that names it. Without `paths` in the tsconfig the name means the built
 * package (`TSX_TSCONFIG_PATH`), so the same benchmark measures `dist`.
 */
export { agg, aggregate, dropDuplicates, filterRows, mapRows, rows, session, sliding, tumbling, withWatermark } from 'tidemark';
