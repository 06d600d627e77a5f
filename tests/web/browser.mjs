// Opens the dashboard in a real browser and says what it shows, as one line of JSON. Arguments: URL, folder for pictures.
import { chromium } from '../../build/web/node_modules/playwright-core/index.mjs';

const [url, folder] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});
const seen = {};
for (const [name, width, scheme, lang] of [['desktop-en', 1200, 'light', 'en'], ['desktop-ru', 1200, 'dark', 'ru'], ['phone-en', 360, 'dark', 'en'], ['phone-ru', 360, 'light', 'ru']]) {
  const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme });
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => request.url().startsWith(url) || request.url().startsWith('data:') || problems.push(`asks ${request.url()}`));
  await page.goto(`${url}/?lang=${lang}`);
  await page.waitForSelector('#requests tr.link', { timeout: 10000 });
  await page.waitForSelector('.card b', { timeout: 10000 });
  await page.waitForTimeout(500);
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  const facts = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth - innerWidth,
    live: document.querySelector('#live').classList.contains('on'),
    chart: document.querySelectorAll('#chart canvas').length,
    cards: [...document.querySelectorAll('.card')].map((card) => card.innerText),
    headings: [...document.querySelectorAll('h2')].map((node) => node.innerText),
    rows: document.querySelectorAll('#requests tr.link').length,
    models: document.querySelectorAll('#models tr').length - 1,
    lanes: document.querySelectorAll('#lanes tr.link').length,
    one_lane: document.querySelector('#lanes tr.link')?.innerText,
    gauges: document.querySelectorAll('#quota .gauge').length,
    // Column headings that can be seen without scrolling a table.
    seen_columns: ['models', 'classes', 'lanes', 'requests'].map((id) => {
      const edge = document.getElementById(id).parentElement.getBoundingClientRect().right;
      return [...document.querySelectorAll(`#${id} th`)].filter((th) => th.offsetWidth > 0 && th.getBoundingClientRect().right <= edge + 1).map((th) => th.innerText);
    }),
  }));
  await page.focus('#lanes tr.link');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#all-lanes:not([hidden])', { timeout: 10000 });
  facts.lane_requests = await page.locator('#requests tr.link').count();
  await page.screenshot({ path: `${folder}/${name}-lane.png` });
  await page.click('#all-lanes');
  facts.all_requests = await page.locator('#requests tr.link').count();
  const answered = page.waitForResponse((answer) => answer.url().includes('/distiq/api/days') && answer.ok());
  await page.selectOption('#chart-of', 'model:claude-opus-5-5');
  await answered;
  await page.waitForSelector('#chart canvas');
  const groups = await page.evaluate(() => fetch('/distiq/api/days?period=week').then((answer) => answer.json()));
  facts.of_model = { chart: await page.locator('#chart canvas').count(), days: groups.filter((group) => group.model === 'claude-opus-5-5').length };
  await page.selectOption('#chart-shows', 'by_cause');
  facts.by_cause = (await page.innerText('#chart')) !== '';
  await page.focus('#requests tr.link');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#detail[open] dl', { timeout: 10000 });
  facts.detail = await page.innerText('#detail-body');
  await page.screenshot({ path: `${folder}/${name}-detail.png` });
  await page.keyboard.press('Escape');
  await page.click('#language');
  facts.other_language = await page.innerText('h2');
  seen[name] = { ...facts, problems };
  await context.close();
}
await browser.close();
console.log(JSON.stringify(seen));
