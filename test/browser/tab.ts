import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { createServer, type ViteDevServer } from 'vite';

/** The browser of this machine; undefined when there is none, and the tests are skipped. */
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);

const QUIET = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--disable-quic',
];

/** A browser that talks to nobody but the demo. */
export async function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM!, args: ['--headless', '--no-sandbox', '--disable-gpu', ...QUIET] });
}

/** The page of the demos on a free port of this machine. */
export async function serveDemos(): Promise<{ server: ViteDevServer; address: string }> {
  const configFile = fileURLToPath(new URL('../../demos/web/vite.config.ts', import.meta.url));
  const server = await createServer({
    configFile,
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
  });
  await server.listen();
  const bound = server.httpServer?.address();
  if (bound === null || bound === undefined || typeof bound === 'string') throw new Error('the server has no port');
  return { server, address: `http://127.0.0.1:${bound.port}/` };
}
