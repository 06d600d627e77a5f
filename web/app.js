// The dashboard: asks for sums now and then, hears of every request by server-sent events. Builds the page by DOM calls
// only: nothing that comes from outside is ever read as markup.
import { texts } from './texts.js';
import * as f from './format.js';
import { drawDays } from './chart.js';

const $ = (id) => document.getElementById(id);
const state = { language: 'en', period: 'week', summary: null, health: null, requests: new Map(), chart: null, chart_shows: 'cost', chart_of: '', days: null, lanes: [], lane: null };
const shown_requests = 100;
const refresh_ms = 4000;

const t = (key, values = {}) =>
  Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, value), texts[state.language][key] ?? key);

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'class') node.className = value;
    else if (name === 'style') Object.assign(node.style, value);
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// null: there is no such thing, or no records to read it from. The proxy reads its store in the background and says
// "pending" until it has.
async function ask(path) {
  for (let tries = 0; tries < 25; ++tries) {
    const answer = await fetch(path, { headers: { accept: 'application/json' } });
    if (!answer.ok) return null;
    const value = await answer.json();
    if (!value.pending) return value;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return null;
}

// --- parts of the page

const moneyNode = (micros) => el('span', { class: micros < 0 ? 'loss' : '' }, f.money(micros));

function card(label, value, extra, main = false) {
  return el('div', { class: main ? 'card main' : 'card' }, el('span', { class: 'muted' }, label), el('b', {}, value),
    el('span', { class: 'muted' }, extra ?? ''));
}

function drawCards() {
  const total = state.summary.total;
  const overhead = [...state.requests.values()].filter((r) => r.overhead_us > 0 && r.status === 200).map((r) => r.overhead_us);
  const middle = f.median(overhead);
  const saved = card(t('saved'), f.money(total.saved_usd_micros), f.percent(total.saved_usd_micros, total.counterfactual_usd_micros - total.restored_usd_micros), true);
  if (total.saved_usd_micros < 0) saved.querySelector('b').classList.add('loss');
  $('cards').replaceChildren(
    saved,
    card(t('cost'), f.money(total.cost_usd_micros), `${t('without_proxy')}: ${f.money(total.counterfactual_usd_micros - total.restored_usd_micros)}`),
    card(t('requests_n'), f.count(total.requests), `${f.count(total.prompt_tokens)} → ${f.count(total.output_tokens)}`),
    card(t('cache_share'), f.percent(total.cache_read_tokens, total.prompt_tokens), `${f.count(total.cache_read_tokens)} / ${f.count(total.prompt_tokens)}`),
    card(t('latency_median'), middle === null ? '–' : f.microseconds(middle, state.language)),
  );
  const notices = [];
  if (total.subscription_requests > 0) notices.push(t('list_price'));
  if (!state.summary.complete) notices.push(t('gaps', { n: state.summary.gap_count }));
  $('notice').hidden = notices.length === 0;
  $('notice').textContent = notices.join(' ');
}

// Chosen in the list above the chart: everything, a model or a kind of work.
function chartDays() {
  const [by, ...name] = state.chart_of.split(':');
  if (by === '') return state.summary.by_day;
  return f.sumByDay(state.days ?? [], (group) => group[by] === name.join(':'));
}

function drawChart() {
  state.chart?.destroy();
  const days = chartDays();
  state.chart = drawDays($('chart'), f.everyDay(days, f.dayName(new Date())), { shows: state.chart_shows, language: state.language, t });
  $('causes').replaceChildren(...f.causes(f.sumOf(days)).map(([cause, micros]) => el('span', {}, `${t(cause)}: `, moneyNode(micros))));
}

function drawChoices() {
  const option = (value, label) => el('option', { value }, label);
  const list = (label, by, rows, name) => el('optgroup', { label: t(label) }, ...rows.map((row) => option(`${by}:${row[by]}`, name(row[by]))));
  const choices = [option('', t('everything')), list('by_model', 'model', state.summary.by_model, (model) => f.shortModel(model) || t('no_model')),
    list('by_class', 'request_class', state.summary.by_class, className)];
  if (document.activeElement !== $('chart-of')) {
    $('chart-of').replaceChildren(...choices);
    $('chart-of').value = state.chart_of;
    // What was chosen may not occur in another period.
    if ($('chart-of').selectedIndex < 0) $('chart-of').value = state.chart_of = '';
  }
}

function drawTable(id, rows, name, label) {
  const total = state.summary.total.cost_usd_micros;
  const numbers = (row) => [['n roomy', 'requests_n', f.count(row.requests)], ['n', 'cost', f.money(row.cost_usd_micros)], ['n', 'saved', moneyNode(row.saved_usd_micros)],
    ['n roomy', 'from_cache', f.percent(row.cache_read_tokens, row.prompt_tokens)]];
  const head = el('tr', {}, el('th', {}, label), ...numbers(state.summary.total).map(([look, key]) => el('th', { class: look }, t(key))), el('th', { class: 'roomy' }, t('share')));
  $(id).replaceChildren(head, ...rows.map((row) => {
    const part = total > 0 ? Math.max(0, row.cost_usd_micros / total) : 0;
    const narrow = numbers(row).filter(([look]) => look === 'n roomy').map(([, key, value]) => el('small', { class: 'narrow' }, `${t(key)}: ${value}`));
    return el('tr', {}, el('td', {}, name(row), ...narrow), ...numbers(row).map(([look, , value]) => el('td', { class: look }, value)),
      el('td', { class: 'share roomy' }, el('i', { style: { width: `${100 * part}%` } }), el('span', {}, f.percent(row.cost_usd_micros, total))));
  }));
}

// Whose lane it is, in a few signs: the session, and the sub-agent where there is one.
const laneOwner = (lane) => [lane.session_id, lane.agent_id].filter(Boolean).map((id) => id.slice(0, 8)).join(' / ') || lane.lane_id.slice(0, 8);
const servedModel = (asked, served) => (served && asked && f.shortModel(asked) !== f.shortModel(served) ? `${f.shortModel(served)} (← ${f.shortModel(asked)})` : f.shortModel(served || asked));

function drawLanes() {
  const head = el('tr', {}, el('th', {}, t('kind')), el('th', { class: 'roomy' }, t('model')),
    ...['cost', 'saved', 'context', 'from_cache', 'requests_n', 'last_use'].map((key) => el('th', { class: 'n' }, t(key))));
  const rows = state.lanes.map((lane) => {
    const marks = [lane.pinned && 'is_pinned', lane.escalated && 'is_escalated'].filter(Boolean).map((mark) => t(mark)).join(', ');
    const model = servedModel(lane.requested_model, lane.served_model);
    return el('tr', { ...opens(lane.lane_id, () => showLane(lane.lane_id)), class: lane.lane_id === state.lane ? 'link chosen' : 'link' },
      el('td', { title: lane.session_id }, className(lane.class), el('small', {}, laneOwner(lane)), ...[model, marks].map((line) => el('small', { class: 'narrow' }, line))),
      el('td', { class: 'roomy' }, model, el('small', {}, marks)), el('td', { class: 'n' }, f.money(lane.cost_usd_micros)), el('td', { class: 'n' }, moneyNode(lane.saved_usd_micros)),
      el('td', { class: 'n' }, f.count(lane.context_tokens)), el('td', { class: 'n' }, f.percent(lane.cache_read_tokens, lane.prompt_tokens)),
      el('td', { class: 'n' }, f.count(lane.requests)), el('td', { class: 'n' }, f.recently(lane.last_use_ms, Date.now(), state.language)));
  });
  fill($('lanes'), head, rows);
}

// A lane's requests, in the list of all; null: all again.
async function showLane(lane_id) {
  state.lane = lane_id;
  drawLanes();
  drawRequests();
  if (lane_id === null) return;
  $('requests-panel').scrollIntoView({ block: 'start' });
  $('all-lanes').focus({ preventScroll: true });
  for (const record of (await ask(`/distiq/api/lane?id=${encodeURIComponent(lane_id)}`).catch(() => null)) ?? []) note(record);
  drawRequests();
}

function drawQuota() {
  const now = Date.now();
  const gauges = (state.summary.rate_limits ?? []).flatMap((account) => f.quotaWindows(account.headers)).map((window) => {
    const ends = f.usedUpAt(window, now);
    const forecast = ends ? t('pace_ends', { when: f.moment(ends, state.language) }) : t('pace_holds');
    const level = window.used >= 1 ? 'fill full' : window.used >= 0.8 || ends ? 'fill high' : 'fill';
    return el('div', { class: 'gauge', role: 'img', 'aria-label': `${t(window.name)} ${f.percent(window.used, 1)}` },
      el('p', {}, el('span', {}, t(window.name)), el('b', {}, f.percent(window.used, 1))),
      el('div', { class: 'track' }, el('div', { class: level, style: { width: `${Math.min(100, 100 * window.used)}%` } })),
      el('p', { class: 'muted' }, el('span', {}, window.reset ? t('resets', { when: f.moment(window.reset, state.language) }) : ''), el('span', {}, window.reset ? forecast : '')));
  });
  $('quota').replaceChildren(...(gauges.length > 0 ? gauges : [el('p', { class: 'muted' }, t('no_quota'))]));
}

function drawCache() {
  const total = state.summary.total;
  const written = total.cache_write_5m_tokens + total.cache_write_1h_tokens;
  const bar = (label, tokens) => el('div', { class: 'gauge' },
    el('p', {}, el('span', {}, label), el('span', {}, `${f.count(tokens)} · ${f.percent(tokens, total.prompt_tokens)}`)),
    el('div', { class: 'track' }, el('div', { class: 'fill', style: { width: total.prompt_tokens > 0 ? `${(100 * tokens) / total.prompt_tokens}%` : '0' } })));
  const breaks = (state.summary.cache_breaks ?? []).slice(0, 5).map((row) =>
    el('tr', {}, el('td', {}, row.field), el('td', { class: 'n' }, f.count(row.tokens)), el('td', { class: 'n' }, f.money(row.price_usd_micros))));
  $('cache').replaceChildren(bar(t('read'), total.cache_read_tokens), bar(t('written'), written), bar(t('plain'), total.input_tokens),
    breaks.length > 0 ? el('table', {}, el('caption', { class: 'muted' }, t('breaks')), ...breaks) : el('p', { class: 'muted' }, t('no_breaks')));
}

// A row that mouse and keyboard open.
const opens = (key, open) => ({ class: 'link', 'data-key': key, tabindex: 0, onclick: open, onkeydown: (e) => {
  if (e.key !== 'Enter') return;
  e.preventDefault();  // the key would press whatever open() moves the focus to
  open();
} });

// Whoever walks through the rows by keyboard stays where they are.
function fill(table, head, rows) {
  const key = table.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  table.replaceChildren(head, ...(rows.length > 0 ? rows : [el('tr', {}, el('td', { colspan: 10, class: 'muted' }, t('none_yet')))]));
  if (key !== undefined) rows.find((row) => row.dataset.key === key)?.focus({ preventScroll: true });
}

function requestRow(r) {
  const model = servedModel(r.requested_model, r.served_model);
  const prompt = (r.input_tokens ?? 0) + (r.cache_read_tokens ?? 0) + (r.cache_write_5m_tokens ?? 0) + (r.cache_write_1h_tokens ?? 0);
  const status = r.running ? t('running') : r.outcome === 'upstream_cut' ? t('cut') : r.outcome === 'client_gone' ? t('client_gone') : String(r.status);
  return el('tr', opens(r.id, () => showDetail(r.id)),
    el('td', {}, f.clock(r.started_at_ms, state.language), ...[model || r.path || '', className(r.class)].map((line) => el('small', { class: 'narrow' }, line))),
    el('td', { class: 'roomy' }, model || r.path || ''), el('td', { class: 'roomy' }, className(r.class)),
    el('td', { class: 'n' }, r.running ? '…' : f.money(r.cost_usd_micros ?? 0)), el('td', { class: 'n' }, moneyNode(r.saved_usd_micros ?? 0)),
    el('td', { class: 'n' }, f.count(prompt)), el('td', { class: 'n' }, f.count(r.output_tokens ?? 0)),
    el('td', { class: 'n' }, r.running ? '…' : f.seconds(r.duration_us, state.language)), el('td', {}, status), el('td', { class: 'long', title: r.reason ?? '' }, r.reason ?? ''));
}

const className = (name) => t(name === 'other' ? 'cause_other' : name ?? '');

function drawRequests() {
  const head = el('tr', {}, el('th', {}, t('time')), ...['model', 'kind'].map((key) => el('th', { class: 'roomy' }, t(key))),
    ...['cost', 'saved', 'prompt', 'output', 'took'].map((key) => el('th', { class: 'n' }, t(key))), el('th', {}, t('status')), el('th', { class: 'long' }, t('why')));
  const lane = state.lanes.find((one) => one.lane_id === state.lane);
  $('all-lanes').hidden = state.lane === null;
  $('all-lanes').textContent = state.lane === null ? '' : t('all_lanes', { lane: lane ? `${className(lane.class)} ${laneOwner(lane)}` : state.lane.slice(0, 8) });
  const shown = (r) => !f.isLost(r, Date.now()) && (state.lane === null || r.lane_id === state.lane);
  const rows = [...state.requests.values()].filter(shown).sort((a, b) => b.started_at_ms - a.started_at_ms).slice(0, shown_requests);
  fill($('requests'), head, rows.map(requestRow));
}

// Reasons are the proxy's own English; these two stand in nearly every list.
const whyNot = (reason) => t({ '': 'is_chosen', 'what was asked for': 'is_asked' }[reason] ?? reason);

async function showDetail(id) {
  const record = (await ask(`/distiq/api/request?id=${encodeURIComponent(id)}`).catch(() => null)) ?? state.requests.get(id);
  const body = $('detail-body');
  if (!record) {
    body.replaceChildren(el('p', {}, t('not_found')));
  } else {
    const rows = [['id', record.id], ['asked', record.requested_model], ['served', record.served_model], ['kind', className(record.class)], ['policy', record.policy],
      ['point', record.decision_point && t(`point_${record.decision_point}`)], ['decision', record.reason], ['cost', f.money(record.cost_usd_micros ?? 0)], ['without_proxy', record.counterfactual_usd_micros === undefined ? null : f.money(record.counterfactual_usd_micros)],
      ['saved', f.money(record.saved_usd_micros ?? 0)], ['restored', record.restored_usd_micros ? f.money(record.restored_usd_micros) : null],
      ...f.causes(record).map(([cause, micros]) => [cause, f.money(micros)]), ['note', f.isKnockOn(record) ? t(record.saved_usd_micros < 0 ? 'colder' : 'warmer') : null],
      ['tokens', `${f.count(record.cache_read_tokens ?? 0)} ${t('read')} · ${f.count((record.cache_write_5m_tokens ?? 0) + (record.cache_write_1h_tokens ?? 0))} ${t('written')} · ${f.count(record.input_tokens ?? 0)} ${t('plain')} → ${f.count(record.output_tokens ?? 0)}`],
      ['took', f.seconds(record.duration_us ?? 0, state.language)], ['latency', record.overhead_us > 0 ? f.microseconds(record.overhead_us, state.language) : null], ['session', record.session_id], ['lane', record.lane_id]];
    const list = el('dl', {}, ...rows.filter(([, value]) => value).flatMap(([key, value]) => [el('dt', {}, t(key)), el('dd', {}, String(value))]));
    const others = Array.isArray(record.alternatives) && record.alternatives.length > 0
      ? el('table', {}, el('caption', { class: 'muted' }, t('alternatives')), el('tr', {}, ...[['', 'model'], ['n', 'now'], ['n', 'whole_life'], ['roomy', 'why_not']].map(([look, key]) => el('th', { class: look }, t(key)))), ...record.alternatives.map((a) =>
        el('tr', {}, el('td', {}, f.shortModel(a.model), el('small', { class: 'narrow' }, whyNot(a.why_not))), el('td', { class: 'n' }, f.money(a.now)), el('td', { class: 'n' }, f.money(a.life)), el('td', { class: 'wrap roomy' }, whyNot(a.why_not))))) : null;
    body.replaceChildren(el('h2', {}, f.clock(record.started_at_ms, state.language)), list, ...(others ? [el('div', { class: 'scroll' }, others)] : []));
  }
  if (!$('detail').open) $('detail').showModal();
}

function drawWords() {
  document.documentElement.lang = state.language;
  for (const node of document.querySelectorAll('[data-t]')) node.textContent = t(node.dataset.t);
  for (const option of $('period').options) option.textContent = t(option.value);
  for (const node of document.querySelectorAll('[data-label]')) node.setAttribute('aria-label', t(node.dataset.label));
  for (const option of $('chart-shows').options) option.textContent = t(`chart_${option.value}`);
  $('language').textContent = t('other_language');
  const health = state.health;
  $('facts').textContent = health ? [health.version, health.upstream, health.policy && `${t('policy').toLowerCase()}: ${health.policy}`].filter(Boolean).join(' · ') : '';
}

function draw() {
  drawWords();
  drawLanes();
  drawRequests();
  if (!state.summary) return;
  drawCards();
  drawChoices();
  drawChart();
  drawQuota();
  drawCache();
  drawTable('models', state.summary.by_model, (row) => f.shortModel(row.model) || t('no_model'), t('model'));
  drawTable('classes', state.summary.by_class, (row) => className(row.request_class), t('kind'));
}

// --- data

async function refresh() {
  try {
    const days = state.chart_of === '' ? null : ask(`/distiq/api/days?period=${state.period}`);
    const [summary, health, lanes] = await Promise.all([ask(`/distiq/api/summary?period=${state.period}`), ask('/health'), ask('/distiq/api/lanes')]);
    if (days) state.days = (await days) ?? state.days;  // an answer that was asked for before the choice says nothing
    if (lanes) state.lanes = lanes;
    if (health) state.health = { ...health, policy: health.policy ?? health.settings?.ROUTING_POLICY };
    if (summary) state.summary = summary;
    draw();
  } catch {
    setLive(false);
  }
}

function setLive(on) {
  $('live').classList.toggle('on', on);
  $('live-text').textContent = t(on ? 'connected' : 'reconnecting');
}

function note(record) {
  state.requests.set(record.id, record);
  if (state.requests.size > 4 * shown_requests) state.requests.delete(state.requests.keys().next().value);
}

async function listen() {
  for (const record of (await ask('/distiq/api/recent').catch(() => null)) ?? []) note(record);
  draw();
  const events = new EventSource('/distiq/api/events');
  events.addEventListener('open', () => setLive(true));
  events.addEventListener('error', () => setLive(false));
  events.addEventListener('running', (event) => {
    const record = JSON.parse(event.data);
    // Told again to a page that came later: its end may be known already.
    if (!state.requests.has(record.id)) note({ ...record, running: true });
    drawRequests();
  });
  events.addEventListener('request', (event) => {
    note(JSON.parse(event.data));
    drawRequests();
  });
}

function start() {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem('language') ?? navigator.language;
  state.language = asked.startsWith('ru') ? 'ru' : 'en';
  $('language').addEventListener('click', () => {
    state.language = state.language === 'en' ? 'ru' : 'en';
    localStorage.setItem('language', state.language);
    draw();
  });
  $('period').addEventListener('change', () => {
    state.period = $('period').value;
    refresh();
  });
  $('chart-shows').addEventListener('change', () => {
    state.chart_shows = $('chart-shows').value;
    if (state.summary) drawChart();
  });
  $('chart-of').addEventListener('change', () => {
    state.chart_of = $('chart-of').value;
    $('chart-of').blur();
    refresh();
  });
  $('all-lanes').addEventListener('click', () => showLane(null));
  window.addEventListener('resize', () => state.chart?.setSize({ width: $('chart').clientWidth, height: 240 }));
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  drawWords();
  refresh();
  setInterval(refresh, refresh_ms);
  listen();
}

start();
