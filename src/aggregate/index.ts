/** The namespace `agg`: what a select is made of. Nothing here has a side effect, so bundlers leave out what is not used. */
export { avg, count, countIf, max, min, stddev, stddevPop, sum, variance, variancePop } from './figures';
export { approxCountDistinct } from './approxCountDistinct';
export { collectList, collectSet } from './collect';
export { corr, covarPop, covarSamp, intercept, r2, slope } from './corr';
export { countDistinct } from './countDistinct';
export { custom } from './custom';
export { exactSum } from './exactSum';
export { first, last } from './first';
export { maxBy, minBy } from './minBy';
export { mode } from './mode';
export { median, percentile, percentileDisc } from './percentile';
export { percentileApprox } from './percentileApprox';
export { sumBigInt } from './sumBigInt';
export { sumDistinct } from './sumDistinct';
export { topK } from './topK';
export { trend } from './trend';
export { velocity } from './velocity';
