import type { Plugin } from 'esbuild';
import { defineConfig } from 'tsup';

/**
 * `export * as agg from './aggregate'` stays a namespace import of the entry `agg`, and `trigger` of its own: bundled into
 * `index` each would become an object with a getter for every member, and no bundler could leave out the unused ones.
 */
const NAMESPACES: Readonly<Record<string, string>> = { './aggregate': './agg.js', './panes': './trigger.js' };

const namespaceEntry: Plugin = {
  name: 'namespace-entry',
  setup(build) {
    build.onResolve({ filter: /^\.\/(aggregate|panes)$/ }, ({ importer, path }) =>
      /[\\/]src[\\/]index\.ts$/.test(importer) ? { path: NAMESPACES[path]!, external: true, sideEffects: false } : undefined,
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
    trigger: 'src/panes/index.ts',
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
