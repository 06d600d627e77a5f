// The page's pure parts. Run by tests/web/test_page.py with node's own test runner.
import assert from 'node:assert/strict';
import test from 'node:test';
import * as f from '../../web/format.js';
import { texts } from '../../web/texts.js';

test('both languages have the same words', () => {
  assert.deepEqual(Object.keys(texts.ru), Object.keys(texts.en));
  for (const [key, text] of Object.entries(texts.ru)) {
    assert.deepEqual(text.match(/\{\w+\}/g), texts.en[key].match(/\{\w+\}/g), key);
  }
});

test('money keeps its sign and its small amounts', () => {
  assert.equal(f.money(30300), '$0.0303');
  assert.equal(f.money(-12000), '−$0.0120');
  assert.equal(f.money(12_345_678), '$12.35');
  assert.equal(f.money(0), '$0.0000');
});

test('the labels of an axis tell its steps apart', () => {
  assert.deepEqual(f.dollarTicks([0, 0.0005, 0.001]), ['$0.0000', '$0.0005', '$0.0010']);
  assert.deepEqual(f.dollarTicks([-0.5, 0, 0.5]), ['−$0.50', '$0.00', '$0.50']);
  assert.deepEqual(f.dollarTicks([0, 0.25]), ['$0.00', '$0.25']);
  assert.deepEqual(f.dollarTicks([0, 20, 40]), ['$0', '$20', '$40']);
  assert.deepEqual(f.dollarTicks([]), []);
});

test('times have the units of the language', () => {
  assert.equal(f.seconds(250_000), '250 ms');
  assert.equal(f.seconds(1_250_000, 'ru'), '1.3 с');
  assert.equal(f.microseconds(740, 'ru'), '740 мкс');
  assert.equal(f.microseconds(7400), '7.4 ms');
});

test('counts and shares', () => {
  assert.equal(f.count(9999), '9999');
  assert.equal(f.count(61_000), '61.0K');
  assert.equal(f.percent(1, 0), '–');
  assert.equal(f.percent(1, 3), '33 %');
  assert.equal(f.median([]), null);
  assert.equal(f.median([5, 1, 3]), 3);
});

test('quota windows are read from headers, and only from them', () => {
  const headers = { 'anthropic-ratelimit-unified-5h-utilization': '0.42', 'anthropic-ratelimit-unified-5h-reset': '1000' };
  assert.deepEqual(f.quotaWindows(headers), [{ name: 'five_hour', used: 0.42, reset: 1_000_000 }]);
  assert.deepEqual(f.quotaWindows({}), []);
  assert.deepEqual(f.quotaWindows({ 'anthropic-ratelimit-unified-5h-utilization': 'much' }), []);
});

test('a forecast is made only where there is a pace', () => {
  const hour = 3600e3;
  const now = 100 * hour;
  assert.equal(f.usedUpAt({ name: 'five_hour', used: 0.5, reset: now + 4 * hour }, now), now + hour);
  assert.equal(f.usedUpAt({ name: 'five_hour', used: 0.1, reset: now + hour }, now), null, 'lasts until the reset');
  assert.equal(f.usedUpAt({ name: 'five_hour', used: 0.5, reset: null }, now), null);
  assert.equal(f.usedUpAt({ name: 'five_hour', used: 0.01, reset: now + 5 * hour }, now), null, 'too early to tell');
});

test('causes are the largest first and zeros are left out', () => {
  assert.deepEqual(f.causes({ saved_by_routing_usd_micros: 5, saved_by_markers_usd_micros: -9, saved_by_ttl_usd_micros: 0, saved_usd_micros: 1 }),
    [['markers', -9], ['routing', 5]]);
});

const day = (name, sums) => ({ day: name, cost_usd_micros: 0, counterfactual_usd_micros: 0, restored_usd_micros: 0, saved_by_routing_usd_micros: 0,
  saved_by_markers_usd_micros: 0, saved_by_ttl_usd_micros: 0, saved_by_effort_usd_micros: 0, ...sums });

test('groups are summed by day, those that are wanted', () => {
  const groups = [day('2026-11-02', { model: 'a', cost_usd_micros: 5 }), day('2026-11-01', { model: 'a', cost_usd_micros: 1 }),
    day('2026-11-01', { model: 'b', cost_usd_micros: 7 }), day('2026-11-02', { model: 'a', cost_usd_micros: 3, saved_by_ttl_usd_micros: 2 })];
  const days = f.sumByDay(groups, (group) => group.model === 'a');
  assert.deepEqual(days.map((one) => [one.day, one.cost_usd_micros, one.saved_by_ttl_usd_micros]), [['2026-11-01', 1, 0], ['2026-11-02', 8, 2]]);
  assert.equal(f.sumOf(days).cost_usd_micros, 9);
});

test('a chart has a slot for each day, a week at least, up to today', () => {
  const names = (days, today) => f.everyDay(days, today).map((one) => [one.day.slice(5), one.cost_usd_micros]);
  assert.deepEqual(names([day('2026-03-01', { cost_usd_micros: 7 })], '2026-03-01'),
    [['02-23', 0], ['02-24', 0], ['02-25', 0], ['02-26', 0], ['02-27', 0], ['02-28', 0], ['03-01', 7]]);
  assert.deepEqual(names([day('2026-11-20', { cost_usd_micros: 1 }), day('2026-11-27', { cost_usd_micros: 2 })], '2026-11-28').filter(([, cost]) => cost > 0),
    [['11-20', 1], ['11-27', 2]]);
  assert.equal(names([day('2026-11-20', {})], '2026-11-28').length, 9);
  assert.equal(names([day('2026-11-29', {})], '2026-11-28').at(-1)[0], '11-29', 'the proxy may be a day ahead');
  assert.equal(names([day('1970-01-01', {})], '2026-11-28').length, 3660);
  assert.deepEqual(f.everyDay([], '2026-11-28'), []);
});

test('what was not moved may still pay for earlier moves', () => {
  const record = { requested_model: 'a', served_model: 'a', saved_usd_micros: -5, saved_by_routing_usd_micros: -5, saved_by_ttl_usd_micros: 0 };
  assert.equal(f.isKnockOn(record), true);
  assert.equal(f.isKnockOn({ ...record, served_model: 'b' }), false);
  assert.equal(f.isKnockOn({ ...record, saved_usd_micros: 0, saved_by_routing_usd_micros: 0 }), false);
  assert.equal(f.isKnockOn({ ...record, saved_by_ttl_usd_micros: 3 }), false, 'it was changed itself');
});

test('causes stand on each other, gains above zero and losses below', () => {
  const days = [day('1', { saved_by_routing_usd_micros: 10, saved_by_markers_usd_micros: 4, saved_by_ttl_usd_micros: -1 }),
    day('2', { saved_by_routing_usd_micros: -2, saved_by_ttl_usd_micros: -3 })];
  assert.deepEqual(f.stackedCauses(days), [['routing', [10, -2]], ['markers', [14, null]], ['ttl', [-1, -5]]]);
  assert.deepEqual(f.stackedCauses([day('1', {})]), []);
  // Gains and losses that cancel out are still shown.
  assert.deepEqual(f.stackedCauses([day('1', { saved_by_ttl_usd_micros: 3 }), day('2', { saved_by_ttl_usd_micros: -3 })]), [['ttl', [3, -3]]]);
});

test('a request whose end was missed is lost, one that runs or has ended is not', () => {
  assert.equal(f.isLost({ running: true, started_at_ms: 0 }, 21 * 60e3), true);
  assert.equal(f.isLost({ running: true, started_at_ms: 0 }, 19 * 60e3), false);
  assert.equal(f.isLost({ started_at_ms: 0 }, 21 * 60e3), false);
});
