import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { ViteDevServer } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { continuous, memorySink, memorySource, streamingQuery } from 'tidemark';
import { generated } from '../../demos/web/data';
import { durableWindows, type StationWindow } from '../../demos/web/durableQuery';
import { CHROMIUM, launch, serveDemos } from './tab';

/** What the windows are when nothing happens: the same pipeline in Node, from the beginning to the end. */
async function unbroken(): Promise<StationWindow[]> {
  const source = memorySource(generated(1).rows);
  source.complete();
  const sink = memorySink<StationWindow>();
  const query = streamingQuery(source, durableWindows).writeStream({
    sink,
    trigger: continuous({ checkpoint: 1 }),
    onAdvice: () => {},
  });
  await query.start();
  await query.awaitTermination();
  return [...sink.rows()].sort((a, b) => a.window.end - b.window.end || (a.station < b.station ? -1 : 1));
}

describe.skipIf(CHROMIUM === undefined)(
  CHROMIUM === undefined ? 'durable tab (skipped: no Chromium in /usr/bin)' : 'durable tab',
  () => {
    let server: ViteDevServer;
    let browser: Browser;
    let address: string;
    let context: BrowserContext;

    beforeAll(async () => {
      ({ server, address } = await serveDemos());
      browser = await launch();
    }, 60_000);

    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    beforeEach(async () => {
      context = await browser.newContext();
    });
    afterEach(() => context.close());

    async function open(pace: number): Promise<Page> {
      const page = await context.newPage();
      await page.goto(`${address}durable.html?pace=${pace}`);
      return page;
    }

    async function rowsReach(page: Page, rows: number): Promise<void> {
      await page.waitForFunction((n) => window.__durable?.rows >= n || window.__durable?.error, rows);
      expect(await page.evaluate(() => window.__durable.error)).toBeNull();
    }

    async function finish(page: Page): Promise<void> {
      await page.waitForFunction(() => window.__durable?.done || window.__durable?.error);
      const { error, windows } = await page.evaluate(() => window.__durable);
      expect(error).toBeNull();
      expect(windows.map(({ batches: _batches, ...row }) => row)).toEqual(await unbroken());
      expect(windows.filter(({ batches }) => batches.length > 1)).toEqual([]);
    }

    test('a reload in the middle: the windows go on from the last commit', async () => {
      const page = await open(400);
      await rowsReach(page, 300);
      await page.reload();
      await rowsReach(page, 600);
      const { resumedAt } = await page.evaluate(() => window.__durable);
      expect(resumedAt).toBeGreaterThanOrEqual(300);
      await page.reload();
      await finish(page);
    });

    test('a crash in the middle: another tab goes on', async () => {
      const page = await open(400);
      await rowsReach(page, 300);
      const session = await context.newCDPSession(page);
      const crashed = page.waitForEvent('crash');
      void session.send('Page.crash').catch(() => {}); // nobody is left to answer
      await crashed;
      const next = await open(2000);
      await finish(next);
      expect(await next.evaluate(() => window.__durable.resumedAt)).toBeGreaterThanOrEqual(300);
    });

    test('a reload when it is done: the windows are there, and nothing runs again', async () => {
      await finish(await open(5000));
      const page = await open(5000);
      await finish(page);
      expect(await page.evaluate(() => window.__durable.resumedAt)).toBe(-1);
    });
  },
);
