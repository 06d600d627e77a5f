// Numbers and times as people read them. Pure; tested by tests/web/format_test.mjs.
const usd = (micros, digits) => (micros < 0 ? '−$' : '$') + (Math.abs(micros) / 1e6).toFixed(digits);

export function money(micros) {
  const size = Math.abs(micros);
  return usd(micros, size >= 100e6 ? 0 : size >= 1e6 ? 2 : 4);
}

export function count(n) {
  if (n >= 1e9) return (n / 1e9).toFixed(1) + 'B';
  if (n >= 1e6) return (n / 1e6).toFixed(1) + 'M';
  if (n >= 1e4) return (n / 1e3).toFixed(1) + 'K';
  return String(n);
}

export const percent = (part, whole) => (whole > 0 ? Math.round((100 * part) / whole) + ' %' : '–');

export function seconds(micros) {
  return micros < 1e6 ? Math.round(micros / 1e3) + ' ms' : (micros / 1e6).toFixed(1) + ' s';
}

export function microseconds(us) {
  return us < 1000 ? Math.round(us) + ' µs' : (us / 1000).toFixed(1) + ' ms';
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

// saved_by_routing_usd_micros and its kin: [cause, micros], largest first, zeros left out.
export function causes(totals) {
  return Object.entries(totals)
    .map(([key, value]) => [/^saved_by_(\w+)_usd_micros$/.exec(key)?.[1], value])
    .filter(([cause, value]) => cause && value !== 0)
    .sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
}

// Said to run, and for so long that its end must have been missed.
export const isLost = (request, now) => request.running === true && now - request.started_at_ms > 20 * 60e3;
