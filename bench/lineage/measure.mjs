// Measures lineage.html in Chromium: a tree of 10,000 agents and ten updates a second for ten seconds. Prints a table. Wall time is what people feel and,
// on a busy machine, measures the neighbours too; exit 1 when a task of the main thread took 50 ms of the processor's time or longer. Nothing in the tests depends on these times. Usage, after eng/build: node bench/lineage/measure.mjs [AGENTS] [SECONDS]
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { agijobs, dataOf, largeRun, launch, put, updatesFile, withData, workspace } from '../../tests/browser/pages.mjs';

const agents = Number(process.argv[2] ?? 10000), seconds = Number(process.argv[3] ?? 10);
const place = workspace(), folder = mkdtempSync(join(tmpdir(), 'agijobs-lineage-')), rows = [];
let worst = 0;
try {
  agijobs(place, 'hgm', 'demo', '--budget', '20', '--pace', '0ms', '--out', place.path('report'));
  const like = dataOf(place.path('report/lineage.html'));
  for (const [what, width, height, touched] of [['1280 x 860', 1280, 860, false], ['1280 x 860, panned and zoomed throughout', 1280, 860, true], ['380 x 800', 380, 800, false]]) {
    const { data, update } = largeRun(like, agents);
    const path = join(folder, 'lineage.html');
    mkdirSync(folder, { recursive: true });
    put(path, withData(place.path('report/lineage.html'), data));
    put(join(folder, 'lineage-data.js'), updatesFile(data, []));
    const browser = await launch();
    const page = await (await browser.newContext({ viewport: { width, height } })).newPage();
    await page.addInitScript(() => {
      globalThis.longTasks = [];
      new PerformanceObserver(list => { for (const entry of list.getEntries()) globalThis.longTasks.push(Math.round(entry.duration)); }).observe({ entryTypes: ['longtask'] });
    });
    await browser.startTracing(page, { path: join(folder, 'trace.json'), categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] });
    await page.goto(pathToFileURL(path).href);
    await page.waitForSelector('html[data-ready]');
    await page.waitForFunction(all => lineage.drawn === all, agents);
    const loading = await page.evaluate(() => globalThis.longTasks.splice(0));
    const updates = [];
    for (let tick = 0; tick < seconds * 10; tick++) {
      updates.push(update(3, 40));
      put(join(folder, 'lineage-data.js'), updatesFile(data, updates.slice(-100)));
      if (touched) {
        await page.mouse.move(300 + 30 * (tick % 5), 400);
        if (tick % 2) await page.mouse.wheel(0, tick % 4 === 1 ? -60 : 60);
        else { await page.mouse.down(); await page.mouse.move(340, 380); await page.mouse.up(); }
      }
      await new Promise(resolve => setTimeout(resolve, 100));
    }
    const last = updates.at(-1).version;
    await page.waitForFunction(version => lineage.version === version, last);
    const [during, applied, all] = await page.evaluate(() => [globalThis.longTasks, lineage.updates, lineage.agents]);
    await browser.stopTracing();
    await browser.close();
    const longest = longestTask(join(folder, 'trace.json'));
    rows.push([what, agents, all, applied, loading.length ? loading.join(', ') : 'none', during.length ? during.join(', ') : 'none', longest.wall.toFixed(1), longest.processor.toFixed(1)]);
    worst = Math.max(worst, longest.processor);
  }
} finally {
  place.remove();
  rmSync(folder, { recursive: true, force: true });
}

const head = ['window', 'agents at first', 'agents at last', 'updates seen', 'long tasks at load, ms', 'long tasks after, ms', 'longest task, ms', 'longest task, ms of the processor'];
for (const row of [head, head.map(() => '---'), ...rows]) console.log('| ' + row.join(' | ') + ' |');
process.exit(worst < 50 ? 0 : 1);

// The longest task of the page's own main thread, by the trace: the thread that ran its scripts.
function longestTask(path) {
  const events = JSON.parse(readFileSync(path, 'utf8')).traceEvents, thread = event => event.pid + '/' + event.tid;
  const counted = new Map();
  for (const event of events) if (event.name === 'EvaluateScript' || event.name === 'FunctionCall') counted.set(thread(event), (counted.get(thread(event)) ?? 0) + 1);
  const main = [...counted].sort((a, b) => b[1] - a[1])[0]?.[0];
  const tasks = events.filter(event => thread(event) === main && event.ph === 'X' && /RunTask/.test(event.name));
  return { wall: Math.max(0, ...tasks.map(event => event.dur / 1000)), processor: Math.max(0, ...tasks.map(event => (event.tdur ?? 0) / 1000)) };
}
