import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const alias = [
  { find: /^tidemark$/, replacement: at('./src/index.ts') },
  { find: /^tidemark\/agg$/, replacement: at('./src/aggregate/index.ts') },
  { find: /^tidemark\/browser$/, replacement: at('./src/browser.ts') },
  { find: /^tidemark\/drafts$/, replacement: at('./src/drafts.ts') },
  { find: /^tidemark\/node$/, replacement: at('./src/node.ts') },
  { find: /^tidemark\/testing$/, replacement: at('./src/testing/index.ts') },
  { find: /^tidemark\/ui$/, replacement: at('./src/ui.ts') },
];

export default defineConfig({
  resolve: { alias },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { extends: true, test: { name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 120_000 } },
    ],
  },
});
