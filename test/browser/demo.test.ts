import { mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import type { ViteDevServer } from 'vite';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readEarthquakes } from '../../demos/main/input';
import { earthquakes } from '../../demos/web/data';
import { LiveRun, type Status } from '../../demos/web/live';
import type { Settings } from '../../demos/web/settings';
import { answers, statusOf } from './pipelines';
import { CHROMIUM, launch, serveDemos } from './tab';

const SETTINGS: Settings = { strategy: 'fixedDelay', delay: 15, lateness: 15, window: 'tumbling', size: 40 };

describe.skipIf(CHROMIUM === undefined)(
  CHROMIUM === undefined ? 'demo page (skipped: no Chromium in /usr/bin)' : 'demo page',
  () => {
    let server: ViteDevServer;
    let browser: Browser;
    let address: string;
    let page: Page;
    let complaints: string[];

    beforeAll(async () => {
      ({ server, address } = await serveDemos());
      browser = await launch();
    }, 60_000);

    afterAll(async () => {
      await browser?.close();
      await server?.close();
    });

    beforeEach(async () => {
      await page?.close();
      page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      complaints = [];
      page.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(address);
      await page.waitForFunction(() => window.__tidemark?.events > 0);
    });

    /** Lets the rest of the rows in at once, and waits for the end of the run with these settings. */
    async function finish(): Promise<Status> {
      await page.selectOption('#speed', 'all');
      await page.waitForFunction(() => window.__tidemark.done || window.__tidemark.error !== null);
      return figures();
    }

    async function figures(): Promise<Status> {
      const { rejectedAt: _at, ...status } = await page.evaluate(() => window.__tidemark);
      return status;
    }

    /** Moves a control, which starts the run again. */
    async function set(id: string, value: string): Promise<Status> {
      await page.selectOption('#speed', 'all');
      const control = page.locator(`#${id}`);
      if ((await control.evaluate((node) => node.tagName)) === 'SELECT') await control.selectOption(value);
      else await control.fill(value);
      // The status on the window is that of the last frame drawn: wait for two, so that it is that of the new run.
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      return finish();
    }

    test('[D1] shows what the same pipeline computes in Node', async () => {
      const status = await finish();
      expect(status).toEqual(statusOf(1, SETTINGS));
      expect(status).toMatchObject({ done: true, error: null });
      expect(status.late).toBeGreaterThan(0);
      expect(status.corrections).toBeGreaterThan(0);
      expect(await page.locator('#lanes tbody tr').count()).toBeGreaterThan(10);
      expect(complaints).toEqual([]);
    });

    test('explains a rejected row where its dot is, and to the keyboard', async () => {
      await finish();
      const at = await page.evaluate(() => window.__tidemark.rejectedAt);
      await page.mouse.move(at!.x, at!.y);
      const tip = page.locator('#tip');
      await tip.waitFor({ state: 'visible' });
      const text = await tip.innerText();
      expect(text).toContain('Rejected: late');
      expect(text).toMatch(/Windows missed: \d\d:\d\d to \d\d:\d\d/);
      expect(text).toMatch(/\d+ seconds? more delay would have kept it/);
      await page.mouse.move(5, 5);
      await page.locator('#rejections li').first().focus();
      expect(await tip.innerText()).toContain('Rejected:');
      expect(complaints).toEqual([]);
    });

    test('loses nothing with a delay that is large enough', async () => {
      expect((await finish()).late).toBeGreaterThan(0);
      const status = await set('delay', '120');
      expect(status).toEqual(statusOf(1, { ...SETTINGS, delay: 120 }));
      expect(status).toMatchObject({ late: 0, corrections: 0 });
    });

    test.each([
      ['strategy', 'monotonous', { strategy: 'monotonous' }],
      ['strategy', 'adaptive', { strategy: 'adaptive' }],
      ['strategy', 'quality', { strategy: 'quality' }],
      ['window', 'sliding', { window: 'sliding' }],
      ['window', 'cumulative', { window: 'cumulative' }],
      ['window', 'session', { window: 'session' }],
      ['lateness', '0', { lateness: 0 }],
    ] as const)('agrees with Node when %s is %s', async (control, value, change) => {
      expect(await set(control, value)).toEqual(statusOf(1, { ...SETTINGS, ...change }));
      expect(complaints).toEqual([]);
    });

    test('replays the earthquakes, pauses, and every control has a label', async () => {
      await page.selectOption('#data', 'earthquakes');
      await page.getByText('Real: a week of earthquakes').waitFor(); // the file comes over the wire first
      const status = await set('size', '24');
      const run = new LiveRun(earthquakes(await readEarthquakes()), { ...SETTINGS, delay: 24, lateness: 24, size: 24 });
      run.step(Infinity);
      expect(status).toEqual(run.status());
      await page.click('#pause');
      expect(await page.getAttribute('#pause', 'aria-pressed')).toBe('true');
      const unlabelled = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLInputElement>('input, select')]
          .filter((node) => node.labels?.length === 0)
          .map((node) => node.id),
      );
      expect(unlabelled).toEqual([]);
      expect(complaints).toEqual([]);
    });

    test('five pipelines give the same bits as in Node', async () => {
      const module = `/@fs${fileURLToPath(new URL('./pipelines.ts', import.meta.url))}`;
      // As text: vitest would rewrite an import() in the function.
      const inTab: Record<string, string> = await page.evaluate(
        `import(${JSON.stringify(module)}).then((tab) => tab.answers(7))`,
      );
      expect(inTab).toEqual(answers(7));
      expect(Object.values(inTab).every((text) => text.split('\n').length > 5)).toBe(true);
    });

    test('can be photographed', async () => {
      await finish();
      const file = join(await mkdtemp(join(tmpdir(), 'tidemark-')), 'page.png');
      await page.screenshot({ path: file });
      expect((await stat(file)).size).toBeGreaterThan(20_000);
    });
  },
);
