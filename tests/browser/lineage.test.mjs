import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { agijobs, begin, dataOf, json, largeRun, launch, open, panel, put, until, updatesFile, withData, workspace } from './pages.mjs';

let browser, place, report;

before(async () => {
  place = workspace();
  report = place.path('report');
  agijobs(place, 'hgm', 'demo', '--seed', '3', '--budget', '120', '--pace', '0ms', '--out', report);
  browser = await launch();
});

after(async () => {
  await browser?.close();
  place?.remove();
});

const make = (name, data) => {
  const path = place.path(join('made', name, 'lineage.html'));
  mkdirSync(dirname(path), { recursive: true });
  put(path, withData(join(report, 'lineage.html'), data));
  return path;
};
const quiet = seen => { assert.deepEqual(seen.complaints, []); assert.equal(seen.dialogs, 0); };

describe('The page of a real run', () => {
  test('draws every agent, says what the summary says, asks for nothing and complains of nothing', async () => {
    const { page, seen, close } = await open(browser, join(report, 'lineage.html'));
    const summary = json(join(report, 'summary.json')).hgm;
    assert.equal(await page.evaluate('lineage.agents'), summary.agents);
    assert.equal(await page.evaluate('lineage.drawn'), summary.agents);
    const facts = await page.locator('#facts').innerText();
    for (const told of [`120 of 120`, String(summary.agents), String(summary.cost), summary.state]) assert.ok(facts.includes(told), `${told} in ${facts}`);
    assert.equal(await page.locator('#live').innerText(), 'finished');
    await page.waitForTimeout(500);
    assert.deepEqual(seen.requests.map(url => url.split('/').pop()), ['lineage.html']);
    quiet(seen);
    await close();
  });

  test('gives on hover the clade statistics of the fold', async () => {
    const { page, seen, close } = await open(browser, join(report, 'lineage.html'));
    const { agents } = json(join(report, 'hgm_lineage.json'));
    for (const agent of agents) {
      const number = Number(agent.agent_id.slice(6));
      await page.mouse.move(...await page.evaluate(n => lineage.place(n), number));
      const tip = await page.locator('#tip').innerText();
      assert.ok(tip.includes(`clade  ${agent.clade_success} of ${agent.clade_success + agent.clade_failure}`), tip);
      const told = await panel(page);
      assert.equal(told.title, `Agent ${number}`);
      assert.equal(told['Own results solved'], `${agent.direct_success} of ${agent.direct_success + agent.direct_failure}`);
      assert.equal(told['Clade solved'], `${agent.clade_success} of ${agent.clade_success + agent.clade_failure}`);
      assert.equal(Number(told['Clade spent']), agent.clade_cost);
      assert.equal(Number(told['Clade worth']), agent.clade_gmv);
      assert.equal(Number(told['Own results spent']), agent.direct_cost);
    }
    quiet(seen);
    await close();
  });

  test('goes from agent to agent by keyboard with the same numbers', async () => {
    const { page, seen, close } = await open(browser, join(report, 'lineage.html'));
    const { agents, best_agent_id } = json(join(report, 'hgm_lineage.json'));
    const number = id => Number(id.slice(6)), children = id => agents.filter(agent => agent.parent_id === id).map(agent => number(agent.agent_id));
    await page.locator('#tree').focus();
    const press = async key => { await page.keyboard.press(key); return page.evaluate('lineage.selected'); };
    assert.equal(await press('Home'), 0);
    const first = children('agent-0000');
    assert.equal(await press('ArrowDown'), first[0]);
    if (first.length > 1) assert.equal(await press('ArrowRight'), first[1]);
    if (first.length > 1) assert.equal(await press('ArrowLeft'), first[0]);
    assert.equal(await press('ArrowUp'), 0);
    assert.equal(await press('b'), number(best_agent_id));
    const best = agents.find(agent => agent.agent_id === best_agent_id), told = await panel(page);
    assert.equal(told.status, 'best');
    assert.equal(told['Clade solved'], `${best.clade_success} of ${best.clade_success + best.clade_failure}`);
    assert.equal(told['Clade metaproductivity'], `${(100 * best.clade_success / (best.clade_success + best.clade_failure)).toFixed(1)} %`);
    assert.match(await page.locator('#artifact').innerText(), /^agent 1\neditor /);
    assert.equal(await press('Escape'), -1);
    quiet(seen);
    await close();
  });

  test('has a table with the same numbers, sorted and searched', async () => {
    const { page, seen, close } = await open(browser, join(report, 'lineage.html'));
    const { agents } = json(join(report, 'hgm_lineage.json'));
    await page.getByRole('button', { name: 'Table' }).click();
    const rows = () => page.evaluate(() => [...document.querySelectorAll('#rows tr')].map(row => [...row.cells].map(cell => cell.textContent)));
    const told = await rows();
    assert.equal(told.length, Math.min(50, agents.length));
    for (const [index, row] of told.entries()) {
      const agent = agents[index];
      assert.deepEqual([row[0], row[3], row[4], row[6], row[7]], [index, agent.direct_success, agent.direct_success + agent.direct_failure, agent.clade_success, agent.clade_success + agent.clade_failure].map(String));
    }
    await page.getByRole('button', { name: 'of', exact: true }).click();
    const sorted = (await rows()).map(row => Number(row[4]));
    assert.deepEqual(sorted, [...sorted].sort((a, b) => b - a));
    await page.locator('#query').fill('2');
    await page.getByRole('button', { name: 'Find' }).click();
    assert.deepEqual((await rows()).map(row => row[0]), ['2']);
    assert.equal(await page.evaluate('lineage.selected'), 2);
    quiet(seen);
    await close();
  });

  test('lets nothing be loaded, and no script of others run', async () => {
    const { page, close } = await open(browser, join(report, 'lineage.html'));
    const outcome = await page.evaluate(async () => {
      const tried = {};
      const blocked = new Promise(resolve => { document.addEventListener('securitypolicyviolation', event => { if (event.effectiveDirective === 'img-src') resolve('refused'); }); setTimeout(() => resolve('let through'), 5000); });
      tried.fetch = await fetch('http://127.0.0.1:9/').then(() => 'let through', () => 'refused');
      const image = new Image();
      image.src = 'http://127.0.0.1:9/picture.png';
      tried.image = await blocked;
      const inline = document.createElement('script');
      inline.textContent = 'globalThis.ran = true';
      document.body.append(inline);
      const markup = document.createElement('div');
      markup.innerHTML = '<b onclick="globalThis.ran = true">x</b>';
      document.body.append(markup);
      markup.firstChild.click();
      tried.ran = globalThis.ran ?? false;
      return tried;
    });
    assert.deepEqual(outcome, { fetch: 'refused', image: 'refused', ran: false });
    await close();
  });

  test('is readable by day and by night, and remembers which', async () => {
    const grounds = [];
    for (const colorScheme of ['dark', 'light']) {
      const { page, seen, close } = await open(browser, join(report, 'lineage.html'), { colorScheme });
      const measured = await page.evaluate(() => {
        const style = getComputedStyle(document.documentElement);
        const light = hex => { const channels = [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16) / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4); return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]; };
        const of = name => light(style.getPropertyValue('--' + name).trim()), contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const pixels = document.getElementById('ramp').getContext('2d').getImageData(0, 5, 160, 1).data, ramp = Array.from({ length: 16 }, (_, i) => { const [r, g, b] = pixels.slice(4 * (i * 10 + 5)); return light('#' + [r, g, b].map(c => c.toString(16).padStart(2, '0')).join('')); });
        return { ground: of('sheet'), text: contrast(of('text'), of('sheet')), quiet: contrast(of('quiet'), of('sheet')), accent: contrast(of('accent'), of('sheet')), ramp };
      });
      grounds.push(measured.ground);
      assert.ok(measured.text >= 7 && measured.quiet >= 4.5 && measured.accent >= 3, JSON.stringify(measured));
      // Read by lightness alone, without hue: it only rises or only falls.
      const steps = measured.ramp.slice(1).map((value, i) => Math.sign(value - measured.ramp[i]));
      assert.ok(steps.every(step => step === steps[0]), JSON.stringify(measured.ramp));
      quiet(seen);
      await close();
    }
    assert.ok(grounds[0] < 0.05 && grounds[1] > 0.8);
    const { page, close } = await open(browser, join(report, 'lineage.html'), { colorScheme: 'light' });
    await page.getByRole('button', { name: /^Theme/ }).click();
    assert.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark');
    await page.reload();
    await page.waitForSelector('html[data-ready]');
    assert.equal(await page.evaluate('document.documentElement.dataset.theme'), 'dark');
    await close();
  });

  test('fits a screen of 380 points without scrolling sideways', async () => {
    const { page, seen, close } = await open(browser, join(report, 'lineage.html'), { viewport: { width: 380, height: 800 }, hasTouch: true });
    const sideways = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(await sideways() <= 0);
    await page.getByRole('button', { name: 'Best' }).click();
    assert.ok(await sideways() <= 0);
    await page.getByRole('button', { name: 'Table' }).click();
    assert.ok(await sideways() <= 0);
    quiet(seen);
    await close();
  });
});

describe('Hostile names', () => {
  test('are shown and do nothing', async () => {
    const names = ['</script><script>globalThis.harm = 1</script>', '<img src=x onerror="globalThis.harm = 1">', '"><svg onload=alert(1)>', "javascript:alert('1')", '\u2028globalThis.harm = 1\u2029', '<!--<script>', '\u202Eevil', '${globalThis.harm = 1}'];
    const like = dataOf(join(report, 'lineage.html'));
    const name = index => names[index % names.length];
    const data = {
      ...like, run: name(0), network: name(1), policy: name(2), state: name(5), artifacts: like.parents.map((_, agent) => name(agent) + agent), pruned: [[1, name(1)], [2, name(0)]], rival: { ...like.rival, run: name(3), policy: name(2) },
      interventions: names.map((text, index) => ({ version: 10 + 10 * index, evaluations: index, at: '2026-01-01T00:00:00+00:00<b>', kind: index % 2 ? text : 'parameters', agent: index, text })),
    };
    const { page, seen, close } = await open(browser, make('hostile', data));
    await page.locator('#tree').focus();
    for (const key of ['Home', 'ArrowDown', 'ArrowRight', 'b', 'ArrowUp']) await page.keyboard.press(key);
    await page.keyboard.press('Home');
    assert.equal(await page.locator('#artifact').innerText(), names[0] + '0');
    await page.getByRole('button', { name: 'Table' }).click();
    for (const row of await page.locator('#interventions button').all()) await row.click();
    assert.equal(await page.locator('#interventions li').count(), names.length);
    assert.ok((await page.locator('#title').innerText()).includes('</script><script>'));
    assert.equal(await page.evaluate('globalThis.harm'), undefined);
    assert.equal(await page.locator('img, iframe, b, svg[onload]').count(), 0);
    assert.equal(await page.locator('script').count(), 2);
    quiet(seen);
    await close();
  });
});

describe('Interventions', () => {
  test('stand on the time axis and in a list, and lead to their agents', async () => {
    const like = dataOf(join(report, 'lineage.html'));
    const kinds = ['parameters', 'shut', 'open', 'held', 'released', 'pruned', 'stopped', 'topped-up'];
    const data = { ...like, pruned: [[1, 'five failures in a row']], interventions: kinds.map((kind, index) => ({ version: 30 * (index + 1), evaluations: 12 * index, at: `2026-01-01T00:00:0${index}+00:00`, kind, agent: kind === 'pruned' ? 1 : -1, text: `${kind}: because` })) };
    const { page, seen, close } = await open(browser, make('steered', data));
    assert.equal(await page.locator('#interventions li').count(), kinds.length);
    await page.locator('#interventions button', { hasText: 'pruned: because' }).click();
    assert.equal(await page.evaluate('lineage.selected'), 1);
    assert.equal((await panel(page)).status, 'set aside: five failures in a row');
    assert.match(await page.locator('#moment').innerText(), /event 180, 60 evaluations: pruned: because/);
    // By pointer on the axis too.
    const box = await page.locator('#axis').boundingBox();
    const told = new Set();
    for (let x = 40; x < box.width; x += 3) { await page.mouse.move(box.x + x, box.y + 60); told.add(await page.locator('#moment').innerText()); }
    for (const kind of kinds) assert.ok([...told].some(text => text.includes(`${kind}: because`)), kind);
    assert.ok([...told].some(text => /return \d/.test(text)));
    quiet(seen);
    await close();
  });
});

describe('A live run', () => {
  test('is followed from its file while it grows, until it is finished', async () => {
    const folder = place.path('live');
    const { ended } = begin(place, 'hgm', 'demo', '--seed', '4', '--budget', '150', '--pace', '25ms', '--out', folder);
    const path = join(folder, 'lineage.html');
    await until(() => { try { return dataOf(path).live; } catch { return false; } }, 'a live page');
    const { page, seen, close } = await open(browser, path);
    const first = await page.evaluate('lineage.version');
    await page.waitForFunction(version => lineage.updates > 3 && lineage.version > version, first, { timeout: 60000 });
    assert.equal(await ended, 0);
    await page.waitForFunction(() => document.getElementById('live').textContent === 'finished', undefined, { timeout: 60000 });
    const lineage = json(join(folder, 'hgm_lineage.json'));
    assert.equal(await page.evaluate('lineage.version'), lineage.version);
    assert.equal(await page.evaluate('lineage.agents'), lineage.agents.length);
    for (const [agent, of] of lineage.agents.entries()) {
      const told = await page.evaluate(n => globalThis.lineage.clade(n), agent);
      assert.deepEqual([told.successes, told.failures, Number(told.cost), Number(told.value)], [of.clade_success, of.clade_failure, of.clade_cost, of.clade_gmv]);
    }
    // It asked for its own updates and for nothing else.
    const own = pathToFileURL(folder).href + '/';
    assert.ok(seen.requests.every(url => url === own + 'lineage.html' || url.startsWith(own + 'lineage-data.js?')), String(seen.requests.slice(0, 5)));
    // A browser may look at a file's length before it is replaced and read after: what is then cut off is no script, and the page asks again, as the numbers above show.
    seen.complaints = seen.complaints.filter(error => !/^(Uncaught )?SyntaxError: (Invalid or unexpected token|Unexpected end of input)$/.test(error));
    quiet(seen);
    await close();
  });

  test('is followed from a web server too, by requests to its own folder alone', async () => {
    const { data, update } = largeRun(dataOf(join(report, 'lineage.html')), 50);
    const folder = dirname(make('served', data)), more = update(2, 3);
    put(join(folder, 'lineage-data.js'), updatesFile(data, [more]));
    const server = createServer((request, response) => {
      const name = new URL(request.url, 'http://local').pathname.slice(1);
      response.writeHead(200, { 'content-type': name.endsWith('.js') ? 'text/javascript' : 'text/html' }).end(readFileSync(join(folder, name)));
    });
    await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
    const { page, seen, close } = await open(browser, `http://127.0.0.1:${server.address().port}/lineage.html`);
    await page.waitForFunction(version => lineage.version === version, more.version, { timeout: 30000 });
    assert.deepEqual([...new Set(seen.requests.map(url => new URL(url).pathname))], ['/lineage.html', '/lineage-data.js']);
    quiet(seen);
    await close();
    await new Promise(resolve => { server.close(resolve); server.closeAllConnections(); });
  });

  test('that another one takes the place of, or of which too much was missed, is loaded anew', async () => {
    const { data, update } = largeRun(dataOf(join(report, 'lineage.html')), 50);
    const path = make('missed', data), updates = join(dirname(path), 'lineage-data.js');
    put(updates, updatesFile(data, []));
    const { page, close } = await open(browser, path);
    // The file begins after what the page has, and the page has been written anew.
    const missed = update(2, 3), next = update(2, 3);
    const later = { ...data, version: missed.version, parents: [...data.parents, ...missed.added.map(([, parent]) => parent)] };
    for (const column of ['successes', 'failures']) later[column] = later.parents.map((_, agent) => data[column][agent] ?? 0);
    for (const column of ['costs', 'values']) later[column] = later.parents.map((_, agent) => data[column][agent] ?? '0');
    later.artifacts = later.parents.map(() => null);
    put(path, withData(join(report, 'lineage.html'), later));
    put(updates, updatesFile(data, [next]));
    await page.waitForFunction(version => globalThis.lineage?.version === version, next.version, { timeout: 30000 });
    assert.equal(await page.evaluate('lineage.agents'), 54);
    await close();
  });

  test('that says nothing any more is said to say nothing', async () => {
    const { data } = largeRun(dataOf(join(report, 'lineage.html')), 50);
    const path = make('silent', data);
    put(join(dirname(path), 'lineage-data.js'), updatesFile(data, []));
    const { page, close } = await open(browser, path);
    await page.waitForFunction(() => /nothing new for \d+ s/.test(document.getElementById('live').textContent), undefined, { timeout: 30000 });
    await close();
  });

  test('keeps what is chosen and where one looks while it grows', async () => {
    const { data, update } = largeRun(dataOf(join(report, 'lineage.html')), 200);
    const path = make('kept', data), updates = join(dirname(path), 'lineage-data.js');
    put(updates, updatesFile(data, []));
    const { page, close } = await open(browser, path, { reducedMotion: 'reduce' });
    await page.locator('#tree').focus();
    await page.keyboard.press('b');
    await page.keyboard.press('+');
    const chosen = await page.evaluate('lineage.selected');
    const more = update(5, 10);
    put(updates, updatesFile(data, [more]));
    await page.waitForFunction(version => lineage.version === version, more.version, { timeout: 30000 });
    assert.equal(await page.evaluate('lineage.selected'), chosen);
    // Who asked for less motion sees agents at their places at once.
    await page.evaluate(() => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    assert.equal(await page.evaluate('lineage.moving'), false);
    await close();
  });
});

describe('A tree of 10,000 agents', () => {
  test('is drawn whole, and every update arrives', async () => {
    const { data, update } = largeRun(dataOf(join(report, 'lineage.html')), 10000);
    const path = make('large', data), file = join(dirname(path), 'lineage-data.js');
    put(file, updatesFile(data, []));
    const { page, seen, close } = await open(browser, path);
    await page.waitForFunction(() => lineage.drawn === 10000);
    const updates = [];
    for (let tick = 0; tick < 30; tick++) {
      updates.push(update(3, 40));
      put(file, updatesFile(data, updates));
      await page.waitForTimeout(100);
    }
    await page.waitForFunction(version => lineage.version === version && lineage.drawn === 10090, updates.at(-1).version, { timeout: 60000 });
    assert.equal(await page.evaluate('lineage.agents'), 10090);
    assert.ok(await page.evaluate('lineage.updates') > 1);
    const own = updates.flatMap(one => one.changed).findLast(([agent]) => agent === 10089);
    assert.equal((await page.evaluate(() => lineage.clade(10089))).successes, own[1]);
    await page.getByRole('button', { name: 'Table' }).click();
    assert.match(await page.locator('#page').innerText(), /page 1 of 202/);
    quiet(seen);
    await close();
  });
});

describe('The plots', () => {
  test('are drawn without a complaint and ask for nothing', async () => {
    for (const name of ['roi_comparison.svg', 'best_agent.svg', 'agents.svg']) {
      const context = await browser.newContext(), plot = await context.newPage(), complaints = [];
      plot.on('console', message => complaints.push(message.text()));
      plot.on('request', request => { if (!request.url().endsWith(name)) complaints.push(request.url()); });
      await plot.goto(pathToFileURL(join(report, name)).href);
      assert.equal(await plot.locator('svg path.l').count(), 2, name);
      assert.doesNotMatch(readFileSync(join(report, name), 'utf8'), /NaN|Infinity/);
      assert.deepEqual(complaints, []);
      await context.close();
    }
  });
});
