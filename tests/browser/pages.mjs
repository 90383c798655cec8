// Browser, pages and runs for the tests and for the measurement in bench/lineage.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const program = process.env.AGIJOBS_PROGRAM ?? join(root, 'agijobs');

export const launch = (more = []) => chromium.launch({ executablePath: ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync), args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), ...more] });

/** A workspace with one network that nobody answers for: a run needs the state store and no chain. */
export function workspace() {
  const folder = mkdtempSync(join(tmpdir(), 'agijobs-browser-'));
  mkdirSync(join(folder, 'config', 'networks'), { recursive: true });
  writeFileSync(join(folder, 'config', 'networks', 'test.json'), JSON.stringify({ version: 1, chainId: 31337, rpc: ['http://127.0.0.1:1'] }));
  return { folder, path: name => join(folder, name), remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const environment = place => ({ ...process.env, AGIJOBS_HOME: root, AGIJOBS_CONFIG_HOME: place.path('user'), HGM_REPORT_DIR: '' });

/** Runs a command in a workspace; it must succeed. */
export function agijobs(place, ...words) {
  const done = spawnSync(program, [...words, '--workspace', place.folder], { cwd: place.folder, env: environment(place), encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`agijobs ${words.join(' ')}: exit ${done.status}\n${done.stdout}\n${done.stderr}`);
  return done.stdout;
}

/** Starts a command in a workspace; its end is a promise of its exit code. */
export function begin(place, ...words) {
  const child = spawn(program, [...words, '--workspace', place.folder], { cwd: place.folder, env: environment(place), stdio: 'ignore' });
  return { child, ended: new Promise(resolve => child.on('exit', resolve)) };
}

export const json = path => JSON.parse(readFileSync(path, 'utf8'));

/** Waits until something holds; fails after a minute. */
export async function until(holds, what) {
  for (let i = 0; i < 600; i++) {
    const value = await holds();
    if (value) return value;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error(`never: ${what}`);
}

/** Writes a file in one piece, as the reports are. */
export function put(path, text) {
  writeFileSync(path + '.part', text);
  renameSync(path + '.part', path);
}

const escaped = value => JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, character => '\\u' + character.charCodeAt(0).toString(16).padStart(4, '0'));
const block = /(<script type="application\/json" id="data">)([\s\S]*?)(<\/script>)/;

/** The data of a page. */
export const dataOf = path => JSON.parse(block.exec(readFileSync(path, 'utf8'))[2]);

/** A page like another, with other data. */
export const withData = (path, data) => readFileSync(path, 'utf8').replace(block, (_, before, __, after) => before + escaped(data) + after);

/** A file of updates. */
export const updatesFile = (data, updates) => `lineageUpdates(${escaped({ schema: 'agijobs.lineage-updates/1', identity: data.identity, from: updates[0]?.from ?? data.version, to: updates.at(-1)?.version ?? data.version, updates })});\n`;

/** Opens a page and notes what it asks for and what it complains about. */
export async function open(browser, path, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  const seen = { requests: [], complaints: [], dialogs: 0 };
  page.on('request', request => seen.requests.push(request.url()));
  page.on('console', message => { if (['error', 'warning'].includes(message.type())) seen.complaints.push(message.text()); });
  page.on('pageerror', problem => seen.complaints.push(String(problem)));
  page.on('dialog', dialog => { seen.dialogs++; dialog.dismiss(); });
  await page.goto(path.startsWith('http:') ? path : pathToFileURL(path).href);
  await page.waitForSelector('html[data-ready]');
  await page.waitForFunction(() => globalThis.lineage?.drawn > 0 && !globalThis.lineage.moving);
  return { page, seen, close: () => context.close() };
}

/** What an agent's panel says, by section and name. */
export const panel = page => page.evaluate(() => {
  const told = { title: document.getElementById('agent').textContent };
  let section = '';
  for (const element of document.querySelectorAll('#details h3, #details dt')) {
    if (element.tagName === 'H3') section = element.textContent + ' ';
    else told[section + element.textContent] = element.nextElementSibling.textContent;
  }
  return told;
});

/** A run of so many agents that nobody has to grow first, and its next updates. The same for the same numbers. */
export function largeRun(like, agents, seed = 1) {
  let state = seed >>> 0;
  const random = () => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return state / 2 ** 32; };
  const parents = [-1], successes = [40], failures = [80];
  const grow = () => {
    // Mostly a child of somebody young, so that the tree is deep as well as wide.
    const n = parents.length, parent = random() < 0.1 ? 0 : Math.floor(n * (1 - random() ** 3 * 0.6 - random() * 0.4));
    const tried = Math.ceil(random() ** 4 * 60 - 0.02), skill = 0.2 + 0.6 * random();
    parents.push(Math.min(n - 1, Math.max(0, parent))); successes.push(Math.round(tried * skill)); failures.push(tried - Math.round(tried * skill));
  };
  while (parents.length < agents) grow();
  const money = counts => counts.map(count => String(count / 8));
  const best = () => parents.reduce((top, _, agent) => (1 + successes[agent]) / (9 + successes[agent] + failures[agent]) > (1 + successes[top]) / (9 + successes[top] + failures[top]) ? agent : top, 0);
  const point = version => [version, Math.floor(version / 2), String(version / 20), String(version / 8 + Math.sin(version / 900) * version / 40), parents.length];
  const data = {
    ...like, identity: `large/${agents}/${seed}`, live: true, run: 'large', budget: agents * 4, finished: false, state: 'not finished', version: agents * 4, evaluations: agents * 2, best: best(), cost: '1000', value: '2000',
    parents: [...parents], successes: [...successes], failures: [...failures], costs: money(successes.map((count, agent) => count + failures[agent])), values: money(successes.map(count => 4 * count)),
    artifacts: parents.map((_, agent) => `agent 1\neditor 2 25 30 4\ngraph-colouring (+ (* ${agent} saturation) degree)`), inFlight: [], pruned: parents.flatMap((_, agent) => agent > 0 && agent % 97 === 0 ? [[agent, 'five failures in a row']] : []),
    points: Array.from({ length: 200 }, (_, index) => point((index + 1) * agents / 50)), rival: null,
    interventions: Array.from({ length: 12 }, (_, index) => ({ version: (index + 1) * Math.floor(agents / 4), evaluations: index * 100, at: '2026-01-01T00:00:00+00:00', kind: ['parameters', 'held', 'released', 'pruned'][index % 4], agent: index % 4 === 3 ? 97 * index : -1, text: `intervention ${index}` })),
  };
  delete data.rival;
  let version = data.version;
  const update = (added, changed) => {
    const from = version, first = parents.length;
    for (let i = 0; i < added; i++) grow();
    const agentsChanged = new Set(Array.from({ length: changed }, () => Math.floor(random() * parents.length)));
    for (const agent of agentsChanged) { successes[agent] += random() < 0.5 ? 1 : 0; failures[agent] += 1; }
    for (let agent = first; agent < parents.length; agent++) agentsChanged.add(agent);
    version += added + changed;
    return {
      from, version, state: 'not finished', finished: false, evaluations: Math.floor(version / 2), alpha: 0.6, prior: 1, open: true, cost: String(version / 20), value: String(version / 10), best: best(),
      added: Array.from({ length: added }, (_, index) => [first + index, parents[first + index], 'agent 1']),
      changed: [...agentsChanged].map(agent => [agent, successes[agent], failures[agent], String((successes[agent] + failures[agent]) / 8), String(successes[agent] / 2), agent % 5 === 0 ? 1 : 0]), pruned: [], points: [point(version)], interventions: [],
    };
  };
  return { data, update };
}
