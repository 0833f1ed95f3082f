export { latest, type LatestOptions } from './ui/latest';
export { toTable, type RowsToShow, type ToTableOptions } from './ui/toTable';
