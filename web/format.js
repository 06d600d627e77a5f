// Numbers and times as people read them. Pure; tested by tests/web/format_test.mjs.
const usd = (micros, digits) => (micros < 0 ? '−$' : '$') + (Math.abs(micros) / 1e6).toFixed(digits);

export function money(micros) {
  const size = Math.abs(micros);
  return usd(micros, size >= 100e6 ? 0 : size >= 1e6 ? 2 : 4);
}

// Labels of an axis: as many decimals as tell all its steps apart, two at least below a dollar's steps.
export function dollarTicks(values) {
  const whole = (value, digits) => Math.abs(value * 10 ** digits - Math.round(value * 10 ** digits)) < 1e-6;
  let digits = values.every((value) => whole(value, 0)) ? 0 : 2;
  while (digits > 0 && digits < 6 && !values.every((value) => whole(value, digits))) ++digits;
  return values.map((value) => usd(value * 1e6, digits));
}

export function count(n) {
  if (n >= 1e9) return (n / 1e9).toFixed(1) + 'B';
  if (n >= 1e6) return (n / 1e6).toFixed(1) + 'M';
  if (n >= 1e4) return (n / 1e3).toFixed(1) + 'K';
  return String(n);
}

export const percent = (part, whole) => (whole > 0 ? Math.round((100 * part) / whole) + ' %' : '–');

const units = { en: { us: 'µs', ms: 'ms', s: 's' }, ru: { us: 'мкс', ms: 'мс', s: 'с' } };

export function seconds(micros, language = 'en') {
  const { ms, s } = units[language];
  return micros < 1e6 ? `${Math.round(micros / 1e3)} ${ms}` : `${(micros / 1e6).toFixed(1)} ${s}`;
}

export function microseconds(micros, language = 'en') {
  const { us, ms } = units[language];
  return micros < 1000 ? `${Math.round(micros)} ${us}` : `${(micros / 1000).toFixed(1)} ${ms}`;
}

export function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

export const clock = (ms, language) =>
  new Date(ms).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

export const moment = (ms, language) =>
  new Date(ms).toLocaleString(language, { weekday: 'short', hour: '2-digit', minute: '2-digit' });

// The time of day; with its date where it is not today's.
export const recently = (ms, now, language) =>
  new Date(ms).toLocaleString(language, { hour: '2-digit', minute: '2-digit', ...(new Date(ms).toDateString() === new Date(now).toDateString() ? {} : { day: 'numeric', month: 'short' }) });

// "sonnet-5-5" for "claude-sonnet-5-5".
export const shortModel = (id) => (id || '').replace(/^claude-/, '').replace(/-20\d{6}$/, '');

// What the unified headers of one account say: [{window, used (0..1), reset (ms)}], measured, never guessed.
export function quotaWindows(headers) {
  const windows = [];
  for (const [name, key] of [['five_hour', '5h'], ['seven_day', '7d']]) {
    const used = Number.parseFloat(headers[`anthropic-ratelimit-unified-${key}-utilization`]);
    const reset = Number.parseFloat(headers[`anthropic-ratelimit-unified-${key}-reset`]) * 1000;
    if (Number.isFinite(used)) windows.push({ name, used, reset: Number.isFinite(reset) ? reset : null });
  }
  return windows;
}

// When a window is used up if its pace so far goes on; null if it lasts until the reset or nothing can be said.
export function usedUpAt(window, now) {
  const length = window.name === 'five_hour' ? 5 * 3600e3 : 7 * 86400e3;
  if (window.reset === null || window.used <= 0) return null;
  const elapsed = length - (window.reset - now);
  if (elapsed < length / 50) return null;
  const at = now + ((1 - window.used) * elapsed) / window.used;
  return at < window.reset ? Math.max(at, now) : null;
}

// saved_by_routing_usd_micros and its kin: [cause, micros], largest first, zeros left out unless `all`.
export function causes(totals, all = false) {
  return Object.entries(totals)
    .map(([key, value]) => [/^saved_by_(\w+)_usd_micros$/.exec(key)?.[1], value])
    .filter(([cause, value]) => cause && (all || value !== 0))
    .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
}

const chart_sums = ['cost_usd_micros', 'counterfactual_usd_micros', 'restored_usd_micros', 'saved_by_routing_usd_micros',
  'saved_by_markers_usd_micros', 'saved_by_ttl_usd_micros', 'saved_by_effort_usd_micros'];

// Sums by day, model and kind of work -> sums by day of those that `wanted` lets through; the oldest first.
export function sumByDay(groups, wanted) {
  const days = new Map();
  for (const group of groups.filter(wanted)) {
    const day = days.get(group.day) ?? { day: group.day, ...Object.fromEntries(chart_sums.map((name) => [name, 0])) };
    for (const name of chart_sums) day[name] += group[name];
    days.set(group.day, day);
  }
  return [...days.values()].sort((a, b) => (a.day < b.day ? -1 : 1));
}

// "2026-11-28", of the clock on this machine's wall.
export const dayName = (date) => [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-');

// The same sums with a slot for each day up to today and for a week at least: a chart's bars then stand at their dates.
// `days` are the oldest first.
export function everyDay(days, today) {
  if (days.length === 0) return [];
  const at = (day, more) => {
    const date = new Date(`${day}T12:00`);
    date.setDate(date.getDate() + more);
    return dayName(date);
  };
  const last = days[days.length - 1].day > today ? days[days.length - 1].day : today;
  const known = new Map(days.map((day) => [day.day, day]));
  const slots = [];
  // A clock that was wrong once must not make a chart of decades.
  for (let back = 0; back < 3660 && (back < 7 || at(last, -back) >= days[0].day); ++back) {
    const day = at(last, -back);
    slots.unshift(known.get(day) ?? { day, ...Object.fromEntries(chart_sums.map((name) => [name, 0])) });
  }
  return slots;
}

// Dearer or cheaper though nothing about it was changed: by what earlier moves left in the prompt caches.
export const isKnockOn = (record) => record.served_model === record.requested_model &&
  causes(record).length > 0 && causes(record).every(([cause]) => cause === 'routing');

export const sumOf = (days) => Object.fromEntries(chart_sums.map((name) => [name, days.reduce((sum, day) => sum + day[name], 0)]));

// For bars on top of each other: [[cause, [by day]]], each value its own plus those of the causes before it on the same
// side of zero; null where the cause did nothing that day. Causes that never did are left out.
export function stackedCauses(days) {
  const above = days.map(() => 0);
  const below = days.map(() => 0);
  return causes(sumOf(days), true)
    .map(([cause]) => [cause, days.map((day, index) => {
      const own = day[`saved_by_${cause}_usd_micros`];
      const side = own < 0 ? below : above;
      side[index] += own;
      return own === 0 ? null : side[index];
    })])
    .filter(([, sums]) => sums.some((sum) => sum !== null));
}

// Said to run, and for so long that its end must have been missed.
export const isLost = (request, now) => request.running === true && now - request.started_at_ms > 20 * 60e3;
