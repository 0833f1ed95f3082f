export { afterCount, afterProcessingTime, every, never, when } from './basic';
export { afterFirst, afterWatermark, inOrder, orFinally, repeatedly, type AroundWatermark } from './compose';
