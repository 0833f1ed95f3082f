export { latest, type LatestOptions } from './ui/latest';
