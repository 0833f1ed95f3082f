/** Entry `tidemark/browser`: checkpoints in IndexedDB. */
export {};
