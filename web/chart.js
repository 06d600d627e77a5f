// The chart of days: what was paid beside what it would have been, or what was saved by each cause. Draws into one node
// and knows nothing of the page.
import * as f from './format.js';

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = (cause) => css(`--cause-${cause}`) || css('--series-1');

function series(days, shows, t, at_day) {
  const value = (_, v) => (v === null ? '' : f.money(v * 1e6));
  const bar = (label, paint) => ({ label, fill: paint, stroke: paint, points: { show: false }, value });
  const time = { label: t('time'), value: (_, v) => (v ? at_day(v) : '') };
  if (shows === 'cost') {
    return [[time, bar(t('without_proxy'), css('--series-2')), bar(t('cost'), css('--series-1'))],
      [days.map((day) => (day.counterfactual_usd_micros - day.restored_usd_micros) / 1e6 || null), days.map((day) => day.cost_usd_micros / 1e6 || null)]];
  }
  // Each bar reaches from zero to its sum with those before it: the longest is painted first.
  const stacks = f.stackedCauses(days).reverse();
  return [[time, ...stacks.map(([cause]) => bar(t(cause), colour(cause)))], stacks.map(([, sums]) => sums.map((micros) => (micros === null ? null : micros / 1e6)))];
}

// Returns the chart; null: there is nothing to draw, or nothing to draw it with, and the node says so.
export function drawDays(node, days, { shows, language, t }) {
  node.replaceChildren();
  const say = (words) => {
    const line = document.createElement('p');
    line.className = 'muted';
    line.textContent = words;
    node.append(line);
    return null;
  };
  if (!window.uPlot) return say(t('no_charts'));
  if (days.length === 0) return say(t('none_yet'));
  const at_day = (seconds) => new Date(seconds * 1000).toLocaleDateString(language, { day: 'numeric', month: 'short' });
  const [rows, values] = series(days, shows, t, at_day);
  if (rows.length === 1) return say(t('nothing_saved'));
  const bars = window.uPlot.paths.bars({ size: [0.6, 60] });
  const axis = { stroke: css('--muted'), grid: { stroke: css('--line'), width: 1 }, ticks: { show: false } };
  return new window.uPlot({
    width: node.clientWidth, height: 240, legend: { live: false },
    scales: { x: { time: true, range: (_, min, max) => [Math.min(min, max - 6 * 86400) - 43200, max + 43200] },
      y: { range: (_, min, max) => [Math.min(0, min) * 1.1, Math.max(max, shows === 'cost' ? 0.01 : 0.001) * 1.1] } },
    axes: [{ ...axis, grid: { show: false }, values: (_, splits) => splits.map(at_day), space: 54, incrs: [1, 2, 7, 30, 90, 180, 365, 1826].map((day) => day * 86400) },
      { ...axis, size: 64, values: (_, splits) => f.dollarTicks(splits) }],
    series: rows.map((row, index) => (index === 0 ? row : { ...row, paths: bars })),
  }, [days.map((day) => Date.parse(day.day + 'T00:00') / 1000), ...values], node);
}
