import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The exports of vega-datasets hide its files. */
const earthquakes = join(dirname(createRequire(import.meta.url).resolve('vega-datasets')), '../data/earthquakes.json');

export default defineConfig({
  root: at('.'),
  base: './',
  resolve: {
    alias: [
      { find: /^tidemark$/, replacement: at('../../src/index.ts') },
      { find: /^tidemark\/browser$/, replacement: at('../../src/browser.ts') },
      { find: /^tidemark\/ui$/, replacement: at('../../src/ui.ts') },
      { find: /^earthquakes\.json$/, replacement: earthquakes },
    ],
  },
  server: { fs: { allow: [at('../..'), dirname(dirname(earthquakes))] } },
  build: {
    outDir: at('../../dist/demos'),
    emptyOutDir: true,
    target: 'es2022',
    rollupOptions: { input: [at('index.html'), at('durable.html')] },
  },
});
