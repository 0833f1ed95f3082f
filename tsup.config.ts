import type { Plugin } from 'esbuild';
import { defineConfig } from 'tsup';

/**
 * `export * as agg from './aggregate'` stays a namespace import of the entry `agg`: bundled into `index` it would become
 * an object with a getter for every aggregate, and no bundler could leave out the unused ones.
 */
const namespaceEntry: Plugin = {
  name: 'namespace-entry',
  setup(build) {
    build.onResolve({ filter: /^\.\/aggregate$/ }, ({ importer }) =>
      /[\\/]src[\\/]index\.ts$/.test(importer) ? { path: './agg.js', external: true, sideEffects: false } : undefined,
    );
  },
};

// ESM only: `scripts/build.ts` derives the CommonJS twins.
export default defineConfig({
  entry: {
    index: 'src/index.ts',
    agg: 'src/aggregate/index.ts',
    browser: 'src/browser.ts',
    cli: 'src/cli/main.ts',
    node: 'src/node.ts',
    testing: 'src/testing/index.ts',
    drafts: 'src/drafts.ts',
    ui: 'src/ui.ts',
  },
  format: 'esm',
  target: 'es2022',
  platform: 'neutral',
  dts: true,
  clean: true,
  splitting: true,
  external: ['rxjs', 'immer', 'superjson', 'idb-keyval', /^node:/],
  esbuildPlugins: [namespaceEntry],
});
