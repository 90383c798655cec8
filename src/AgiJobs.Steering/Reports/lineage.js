'use strict';
// Draws a run's tree of agents and follows it while it grows. All names and artifacts are data: they reach the page as text nodes and canvas text, never as markup.
(() => {
  const $ = id => document.getElementById(id);
  const data = JSON.parse($('data').textContent);
  const one = 10n ** 18n;

  // ---------------------------------------------------------------------------------------------------------------- the run
  let room = 1024, count = 0;
  let parent = new Int32Array(room), depth = new Int32Array(room), wins = new Int32Array(room), fails = new Int32Array(room);
  let cladeWins = new Int32Array(room), cladeFails = new Int32Array(room), flying = new Int32Array(room), aside = new Uint8Array(room);
  let firstChild = new Int32Array(room), lastChild = new Int32Array(room), sibling = new Int32Array(room), family = new Int32Array(room);
  let x = new Float32Array(room), y = new Float32Array(room), toX = new Float32Array(room), toY = new Float32Array(room), onDescent = new Uint8Array(room);
  const costs = [], values = [], artifacts = [], costAtoms = [], valueAtoms = [], reasons = new Map();
  const head = {};
  const points = [], rivalPoints = [], interventions = [];
  let finished = false, live = data.live, updatedAt = performance.now(), seen = 0;

  function grow() {
    room *= 2;
    const more = (array, Type) => { const larger = new Type(room); larger.set(array); return larger; };
    parent = more(parent, Int32Array); depth = more(depth, Int32Array); wins = more(wins, Int32Array); fails = more(fails, Int32Array);
    cladeWins = more(cladeWins, Int32Array); cladeFails = more(cladeFails, Int32Array); flying = more(flying, Int32Array); aside = more(aside, Uint8Array);
    firstChild = more(firstChild, Int32Array); lastChild = more(lastChild, Int32Array); sibling = more(sibling, Int32Array); family = more(family, Int32Array);
    x = more(x, Float32Array); y = more(y, Float32Array); toX = more(toX, Float32Array); toY = more(toY, Float32Array); onDescent = more(onDescent, Uint8Array);
  }

  function add(of, artifact) {
    if (count === room) grow();
    const agent = count++;
    parent[agent] = of; depth[agent] = of < 0 ? 0 : depth[of] + 1;
    firstChild[agent] = lastChild[agent] = sibling[agent] = -1;
    costs[agent] = values[agent] = '0'; artifacts[agent] = artifact;
    costAtoms[agent] = valueAtoms[agent] = undefined;
    if (of >= 0) {
      if (lastChild[of] < 0) firstChild[of] = agent; else sibling[lastChild[of]] = agent;
      lastChild[of] = agent; family[of]++;
      x[agent] = x[of]; y[agent] = y[of];
    }
  }

  function record(agent, s, f) {
    const ds = s - wins[agent], df = f - fails[agent];
    wins[agent] = s; fails[agent] = f;
    if (ds === 0 && df === 0) return;
    for (let at = agent; at >= 0; at = parent[at]) { cladeWins[at] += ds; cladeFails[at] += df; }
  }

  function money(agent, cost, value) {
    costs[agent] = cost; values[agent] = value; costAtoms[agent] = valueAtoms[agent] = undefined;
  }

  function take(from) {
    for (const name of ['version', 'state', 'finished', 'evaluations', 'alpha', 'prior', 'open', 'cost', 'value', 'best', 'bestLower']) head[name] = from[name];
    finished = head.finished;
  }

  // Cost and value of an agent and all its descendants, exact.
  function clade(agent) {
    let cost = 0n, value = 0n, size = 0;
    const stack = [agent];
    while (stack.length) {
      const at = stack.pop();
      cost += costAtoms[at] ??= atoms(costs[at]); value += valueAtoms[at] ??= atoms(values[at]); size++;
      for (let child = firstChild[at]; child >= 0; child = sibling[child]) stack.push(child);
    }
    return { cost, value, size };
  }

  function atoms(text) {
    const [whole, part = ''] = text.split('.');
    const size = BigInt(whole.replace('-', '')) * one + BigInt((part + '0'.repeat(18)).slice(0, 18));
    return text.startsWith('-') ? -size : size;
  }

  function decimal(of) {
    const size = of < 0n ? -of : of, part = (size % one).toString().padStart(18, '0').replace(/0+$/, '');
    return (of < 0n ? '-' : '') + (size / one) + (part ? '.' + part : '');
  }

  const ratio = (value, cost) => cost > 0n ? Number(value * 10000n / cost) / 10000 : null;
  const shown = (number, places = 2) => number === null ? 'none yet' : number.toFixed(places);
  const percent = share => (100 * share).toFixed(1) + ' %';
  const mean = agent => (1 + wins[agent]) / (2 + wins[agent] + fails[agent]);
  const spread = (s, f) => { const a = 1 + s, b = 1 + f, n = a + b; return Math.sqrt(a * b / (n * n * (n + 1))); };
  const cladeMean = agent => (1 + cladeWins[agent]) / (2 + cladeWins[agent] + cladeFails[agent]);
  const evaluated = agent => wins[agent] + fails[agent];
  const point = of => ({ version: of[0], evaluations: of[1], roi: ratio(atoms(of[3]), atoms(of[2])), agents: of[4] });

  // ---------------------------------------------------------------------------------------------------------------- layout
  // A ring for each generation; each agent has a sector within its parent's. A generation that is too many for a line fills a band. Linear in the number of agents.
  function layout() {
    const weight = new Float64Array(count), inner = new Float64Array(count), start = new Float64Array(count), width = new Float64Array(count), used = new Float64Array(count);
    let deepest = 0;
    for (let agent = count - 1; agent >= 0; agent--) {
      weight[agent] = 1 + 0.75 * inner[agent];
      if (parent[agent] >= 0) inner[parent[agent]] += weight[agent];
      if (depth[agent] > deepest) deepest = depth[agent];
    }
    const many = new Int32Array(deepest + 1), rings = new Float64Array(deepest + 1), bands = new Float64Array(deepest + 1), placed = new Int32Array(deepest + 1);
    for (let agent = 0; agent < count; agent++) many[depth[agent]]++;
    for (let ring = 1; ring <= deepest; ring++) {
      const from = rings[ring - 1] + bands[ring - 1] + (many[ring] > 60 ? 1.4 : 2.3);
      rings[ring] = from;
      bands[ring] = 2 * Math.PI * from >= 1.6 * many[ring] ? 0 : Math.sqrt(from * from + 1.35 * many[ring] / Math.PI) - from;
    }
    width[0] = 2 * Math.PI; start[0] = -Math.PI / 2;
    for (let agent = 0; agent < count; agent++) {
      const of = parent[agent];
      if (of >= 0) {
        width[agent] = width[of] * weight[agent] / inner[of];
        start[agent] = start[of] + used[of];
        used[of] += width[agent];
      }
      const angle = start[agent] + width[agent] / 2, at = depth[agent], ring = rings[at] + bands[at] * ((0.6180339887 * placed[at]++) % 1);
      toX[agent] = ring * Math.cos(angle); toY[agent] = ring * Math.sin(angle);
    }
    marked();
  }

  function marked() {
    onDescent.fill(0);
    for (let at = head.best; at >= 0 && at < count; at = parent[at]) onDescent[at] = 1;
  }

  // Agents glide to their places while that is cheap and wanted.
  const still = matchMedia('(prefers-reduced-motion: reduce)');
  let moving = false;
  function settle(at) {
    const end = at || still.matches || count > 1500;
    moving = false;
    for (let agent = 0; agent < count; agent++) {
      const dx = toX[agent] - x[agent], dy = toY[agent] - y[agent];
      if (end || (Math.abs(dx) < 0.02 && Math.abs(dy) < 0.02)) { x[agent] = toX[agent]; y[agent] = toY[agent]; }
      else { x[agent] += 0.22 * dx; y[agent] += 0.22 * dy; moving = true; }
    }
  }

  // ---------------------------------------------------------------------------------------------------------------- colours
  // Ramps whose lightness rises (dark ground) or falls (light ground) throughout: they are read without telling hues apart.
  const ramps = {
    dark: [[62, 68, 132], [58, 108, 158], [52, 148, 158], [96, 190, 138], [180, 222, 104], [253, 240, 130]],
    light: [[184, 194, 222], [140, 180, 212], [88, 158, 186], [38, 122, 140], [22, 82, 100], [12, 40, 66]],
  };
  const buckets = 32;
  let palette = [], ink = {}, dark = false;
  function themed() {
    const chosen = document.documentElement.dataset.choice || 'system';
    dark = chosen === 'dark' || (chosen === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
    document.documentElement.dataset.theme = dark ? 'dark' : 'light';
    const stops = ramps[dark ? 'dark' : 'light'];
    palette = Array.from({ length: buckets }, (_, index) => {
      const at = index / (buckets - 1) * (stops.length - 1), low = Math.min(Math.floor(at), stops.length - 2), share = at - low;
      return 'rgb(' + stops[low].map((channel, i) => Math.round(channel + share * (stops[low + 1][i] - channel))).join(',') + ')';
    });
    const style = getComputedStyle(document.documentElement);
    ink = Object.fromEntries(['sheet', 'line', 'text', 'quiet', 'edge', 'accent', 'aside', 'focus', 'roi', 'rival'].map(name => [name, style.getPropertyValue('--' + name).trim()]));
    const ramp = $('ramp').getContext('2d');
    for (let i = 0; i < 160; i++) { ramp.fillStyle = palette[Math.min(buckets - 1, Math.floor(i / 160 * buckets))]; ramp.fillRect(i, 0, 1, 10); }
    $('theme').textContent = 'Theme: ' + chosen;
    $('theme').setAttribute('aria-label', 'Theme: ' + (chosen === 'system' ? 'as the system' : chosen));
    again();
  }

  let low = 0, high = 1, byClade = false;
  function domain() {
    let least = 1, most = 0;
    for (let agent = 0; agent < count; agent++) {
      if (byClade ? cladeWins[agent] + cladeFails[agent] > 0 : evaluated(agent) > 0) {
        const belief = byClade ? cladeMean(agent) : mean(agent);
        if (belief < least) least = belief;
        if (belief > most) most = belief;
      }
    }
    if (least > most) { least = 0; most = 1; }
    low = Math.max(0, Math.floor(least * 10) / 10); high = Math.min(1, Math.max(low + 0.2, Math.ceil(most * 10) / 10));
    $('low').textContent = percent(low); $('high').textContent = percent(high);
    $('rampname').textContent = byClade ? 'clade posterior' : 'posterior mean';
  }

  // ---------------------------------------------------------------------------------------------------------------- drawing
  const tree = $('tree'), pen = tree.getContext('2d');
  let wide = 1, tall = 1, dots = 1, scale = 1, shiftX = 0, shiftY = 0, follows = true, hover = -1, selected = -1, drawn = 0, asked = false, redrawAxis = true;
  const order = { agents: new Int32Array(0), from: new Int32Array(buckets + 1) };

  function again() { if (!asked) { asked = true; requestAnimationFrame(frame); } }

  function frame() {
    asked = false;
    if (!$('drawing').hidden) {
      if (follows) fit();
      settle(false);
      draw();
      if (moving) again();
    }
    if (redrawAxis) { redrawAxis = false; drawAxis(); }
  }

  function size() {
    dots = Math.min(2, devicePixelRatio || 1);
    for (const canvas of [tree, $('axis')]) {
      const box = canvas.getBoundingClientRect();
      canvas.width = Math.max(1, Math.round(box.width * dots)); canvas.height = Math.max(1, Math.round(box.height * dots));
    }
    wide = tree.width / dots; tall = tree.height / dots;
    redrawAxis = true; again();
  }

  function fit() {
    let left = 0, right = 0, top = 0, bottom = 0;
    for (let agent = 0; agent < count; agent++) {
      const ax = toX[agent], ay = toY[agent];
      if (ax < left) left = ax; if (ax > right) right = ax; if (ay < top) top = ay; if (ay > bottom) bottom = ay;
    }
    const edge = 26;
    const to = Math.min(46, (wide - 2 * edge) / Math.max(2, right - left), (tall - 2 * edge) / Math.max(2, bottom - top));
    scale = Math.max(to, 0.01); shiftX = wide / 2 - scale * (left + right) / 2; shiftY = tall / 2 - scale * (top + bottom) / 2;
  }

  const most = () => { let n = 1; for (let agent = 0; agent < count; agent++) if (evaluated(agent) > n) n = evaluated(agent); return n; };
  let largest = 1;
  function dot(agent) {
    const base = Math.min(15, Math.max(1.7, scale * 0.6));
    return Math.max(1.1, base * (0.3 + 0.7 * Math.sqrt(evaluated(agent) / largest)));
  }

  function draw() {
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    pen.fillStyle = ink.sheet; pen.fillRect(0, 0, wide, tall);
    largest = most();
    const curved = count <= 2500;

    pen.strokeStyle = ink.edge; pen.lineWidth = Math.min(1.4, Math.max(0.5, scale / 14)); pen.beginPath();
    for (let agent = 1; agent < count; agent++) if (!onDescent[agent]) edge(agent, curved);
    pen.stroke();
    pen.strokeStyle = ink.accent; pen.lineWidth = Math.min(4, Math.max(1.6, scale / 7)); pen.lineCap = 'round'; pen.beginPath();
    for (let at = head.best; at > 0; at = parent[at]) edge(at, curved);
    pen.stroke();

    // In the order of their colours, so that each colour is one path.
    if (order.agents.length < count) order.agents = new Int32Array(room);
    const { agents, from } = order, bucketOf = agent => Math.min(buckets - 1, Math.max(0, Math.floor(((byClade ? cladeMean(agent) : mean(agent)) - low) / (high - low) * buckets)));
    from.fill(0);
    const plain = [], set = [];
    drawn = 0;
    for (let agent = 0; agent < count; agent++) {
      if (aside[agent]) set.push(agent);
      else if (byClade ? cladeWins[agent] + cladeFails[agent] === 0 : evaluated(agent) === 0) plain.push(agent);
      else from[bucketOf(agent) + 1]++;
    }
    for (let i = 0; i < buckets; i++) from[i + 1] += from[i];
    const cursor = from.slice();
    for (let agent = 0; agent < count; agent++) if (!aside[agent] && (byClade ? cladeWins[agent] + cladeFails[agent] > 0 : evaluated(agent) > 0)) agents[cursor[bucketOf(agent)]++] = agent;
    for (let bucket = 0; bucket < buckets; bucket++) {
      if (from[bucket] === from[bucket + 1]) continue;
      pen.fillStyle = palette[bucket]; pen.beginPath();
      for (let i = from[bucket]; i < from[bucket + 1]; i++) disc(agents[i], 0);
      pen.fill();
    }
    pen.strokeStyle = scale < 7 ? ink.aside : ink.quiet; pen.lineWidth = scale < 7 ? 0.7 : 1; pen.fillStyle = ink.sheet; pen.beginPath();
    for (const agent of plain) disc(agent, 0);
    pen.fill(); pen.stroke();
    pen.strokeStyle = ink.aside; pen.lineWidth = Math.min(1.6, Math.max(0.7, scale / 12)); pen.fillStyle = ink.sheet; pen.beginPath();
    for (const agent of set) disc(agent, 0);
    pen.fill(); pen.setLineDash([2.5, 1.6]); pen.stroke(); pen.setLineDash([]); pen.beginPath();
    for (const agent of set) { const r = dot(agent) * 0.62, [cx, cy] = place(agent); pen.moveTo(cx - r, cy - r); pen.lineTo(cx + r, cy + r); pen.moveTo(cx + r, cy - r); pen.lineTo(cx - r, cy + r); }
    pen.stroke();

    // In flight: a thin ring. The best and its descent: a strong one.
    pen.strokeStyle = ink.quiet; pen.lineWidth = 1; pen.beginPath();
    for (let agent = 0; agent < count; agent++) if (flying[agent] > 0) disc(agent, 2.5);
    pen.stroke();
    pen.strokeStyle = ink.accent; pen.lineWidth = Math.min(2.6, Math.max(1.2, scale / 9)); pen.beginPath();
    for (let at = head.best; at >= 0; at = parent[at]) disc(at, at === head.best ? 3 : 0.8);
    pen.stroke();
    if (head.best >= 0) { const [cx, cy] = place(head.best); pen.beginPath(); pen.arc(cx, cy, dot(head.best) + 7, 0, 7); pen.stroke(); }
    for (const [agent, colour] of [[hover, ink.text], [selected, ink.focus]]) {
      if (agent < 0) continue;
      pen.strokeStyle = colour; pen.lineWidth = 2.2; pen.beginPath(); disc(agent, 4.5, true); pen.stroke();
    }
    label();
  }

  const place = agent => [shiftX + scale * x[agent], shiftY + scale * y[agent]];

  function edge(agent, curved) {
    const of = parent[agent], ax = shiftX + scale * x[of], ay = shiftY + scale * y[of], bx = shiftX + scale * x[agent], by = shiftY + scale * y[agent];
    if ((ax < 0 && bx < 0) || (ay < 0 && by < 0) || (ax > wide && bx > wide) || (ay > tall && by > tall)) return;
    pen.moveTo(ax, ay);
    if (!curved || of === 0) { pen.lineTo(bx, by); return; }
    // Leaves its parent outwards, and not by much where the child is far to the side.
    const px = x[of], py = y[of], inner = Math.hypot(px, py) || 1, half = (1 + Math.hypot(x[agent], y[agent]) / inner) / 2;
    const outwards = Math.max(0, (px * x[agent] + py * y[agent]) / (inner * (Math.hypot(x[agent], y[agent]) || 1))) * 0.75;
    const straightX = (px + x[agent]) / 2, straightY = (py + y[agent]) / 2;
    pen.quadraticCurveTo(shiftX + scale * (straightX + outwards * (px * half - straightX)), shiftY + scale * (straightY + outwards * (py * half - straightY)), bx, by);
  }

  function disc(agent, more, mark) {
    const cx = shiftX + scale * x[agent], cy = shiftY + scale * y[agent], r = dot(agent) + more;
    if (cx < -r || cy < -r || cx > wide + r || cy > tall + r) return;
    if (more === 0) drawn++;
    if (r < 1.5 && !mark) { pen.rect(cx - r, cy - r, 2 * r, 2 * r); return; }
    pen.moveTo(cx + r, cy); pen.arc(cx, cy, r, 0, 6.2832);
  }

  function label() {
    pen.textAlign = 'center'; pen.textBaseline = 'middle';
    const name = (agent, text) => {
      const [cx, cy] = place(agent), at = cy + dot(agent) + 14;
      pen.font = '600 12px system-ui, sans-serif'; pen.lineWidth = 4; pen.strokeStyle = ink.sheet; pen.lineJoin = 'round';
      pen.strokeText(text, cx, at); pen.fillStyle = agent === head.best ? ink.accent : ink.text; pen.fillText(text, cx, at);
    };
    if (scale > 17 && count < 400) {
      pen.font = '11px system-ui, sans-serif'; pen.fillStyle = ink.quiet; pen.strokeStyle = ink.sheet; pen.lineWidth = 3;
      for (let agent = 0; agent < count; agent++) {
        if (agent === head.best || agent === selected || agent === hover || agent === 0) continue;
        const [cx, cy] = place(agent);
        if (cx < 0 || cy < 0 || cx > wide || cy > tall) continue;
        const at = cy + dot(agent) + 8;
        pen.strokeText(agent, cx, at); pen.fillText(agent, cx, at);
      }
    }
    if (count > 0 && head.best !== 0) name(0, 'root');
    if (head.best >= 0) name(head.best, 'best ' + head.best);
    for (const agent of [hover, selected]) if (agent > 0 && agent !== head.best) name(agent, String(agent));
  }

  // ---------------------------------------------------------------------------------------------------------------- time axis
  const axis = $('axis'), axisPen = axis.getContext('2d');
  const shapes = {
    parameters: 'M7 1l6 6l-6 6l-6 -6z', shut: 'M2 2h10v10h-10z', open: 'M2 2h10v10h-10zM4 4v6h6v-6z', pruned: 'M2 4l2 -2l3 3l3 -3l2 2l-3 3l3 3l-2 2l-3 -3l-3 3l-2 -2l3 -3z',
    stop: 'M4 1h6l3 3v6l-3 3h-6l-3 -3v-6z', revoked: 'M1 3h12l-6 9z', reinstated: 'M1 12h12l-6 -9z', end: 'M6 1h2v12h-2z',
    held: 'M2 2h10v10h-10z', released: 'M2 2h10v10h-10zM4 4v6h6v-6z', 'topped-up': 'M6 2h2v4h4v2h-4v4h-2v-4h-4v-2h4z', overridden: 'M1 6h12v2h-12z', 'override-ended': 'M6 1h2v12h-2z', other: 'M7 1a6 6 0 1 0 .01 0z',
  };
  shapes.stopped = shapes.stop;
  const shape = kind => Object.hasOwn(shapes, kind) ? shapes[kind] : shapes.other;
  const paths = new Map();
  const drawnShape = kind => { if (!paths.has(kind)) paths.set(kind, new Path2D(shape(kind))); return paths.get(kind); };
  let axisFrom = 40, axisTo = 1, axisLast = 1, moment = -1;
  const across = version => axisFrom + (axisTo - axisFrom) * version / axisLast;

  function drawAxis() {
    const w = axis.width / dots, h = axis.height / dots, top = 22, bottom = h - 20;
    axisTo = w - 12; axisLast = Math.max(1, head.version, ...rivalPoints.slice(-1).map(at => at.version));
    axisPen.setTransform(dots, 0, 0, dots, 0, 0); axisPen.clearRect(0, 0, w, h);
    // The first results swing far and say little: the scale is that of the rest, and what is above it is cut off.
    let peak = 0.1;
    for (const line of [points, rivalPoints]) for (const at of line) if (at.roi > peak && (at.version > axisLast / 10 || line.length < 20)) peak = at.roi;
    peak *= 1.15;
    const up = roi => bottom - (bottom - top) * roi / peak;
    axisPen.font = '11px system-ui, sans-serif'; axisPen.fillStyle = ink.quiet; axisPen.strokeStyle = ink.line; axisPen.lineWidth = 1; axisPen.textBaseline = 'middle';
    for (const tick of ticks(peak, 3)) { axisPen.textAlign = 'right'; axisPen.fillText(String(tick), axisFrom - 7, up(tick)); axisPen.beginPath(); axisPen.moveTo(axisFrom, up(tick)); axisPen.lineTo(axisTo, up(tick)); axisPen.stroke(); }
    for (const tick of ticks(axisLast, w < 500 ? 3 : 7)) { const text = String(tick), half = axisPen.measureText(text).width / 2; axisPen.textAlign = 'center'; axisPen.fillText(text, Math.min(across(tick), w - half - 1), h - 8); }
    axisPen.save(); axisPen.beginPath(); axisPen.rect(axisFrom, top - 2, axisTo - axisFrom + 2, bottom - top + 4); axisPen.clip();
    for (const [line, colour, dash] of [[rivalPoints, ink.rival, [5, 4]], [points, ink.roi, []]]) {
      axisPen.strokeStyle = colour; axisPen.lineWidth = 2; axisPen.setLineDash(dash); axisPen.beginPath();
      let joined = false;
      for (const at of line) {
        if (at.roi === null) { joined = false; continue; }
        if (joined) axisPen.lineTo(across(at.version), up(at.roi)); else axisPen.moveTo(across(at.version), up(at.roi));
        joined = true;
      }
      axisPen.stroke();
    }
    axisPen.restore();
    for (const [index, at] of interventions.entries()) {
      const px = across(at.version), bright = index === moment;
      axisPen.strokeStyle = bright ? ink.text : ink.accent; axisPen.lineWidth = bright ? 1.5 : 0.8; axisPen.globalAlpha = bright ? 1 : 0.55; axisPen.beginPath(); axisPen.moveTo(px, top - 4); axisPen.lineTo(px, bottom); axisPen.stroke();
      axisPen.globalAlpha = 1; axisPen.fillStyle = bright ? ink.text : ink.accent; axisPen.save(); axisPen.translate(px - 7, 3); axisPen.fill(drawnShape(at.kind), 'evenodd'); axisPen.restore();
    }
    axisPen.textAlign = 'right'; axisPen.textBaseline = 'alphabetic';
    if (data.rival) {
      const [mine, others] = [data.policy, data.rival.policy];
      axisPen.fillStyle = ink.rival; axisPen.fillText(others + ' (dashed)', axisTo, bottom - 6); axisPen.fillStyle = ink.roi; axisPen.fillText(mine, axisTo - axisPen.measureText(others + ' (dashed)').width - 14, bottom - 6);
    }
  }

  function ticks(to, many) {
    let step = 10 ** Math.floor(Math.log10(to / many));
    for (const factor of [5, 2]) if (to / (step * factor) >= many) { step *= factor; break; }
    return Array.from({ length: Math.floor(to / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
  }

  // ---------------------------------------------------------------------------------------------------------------- words
  const words = (parentNode, tag, text, className) => { const made = document.createElement(tag); if (text !== undefined) made.textContent = text; if (className) made.className = className; parentNode.append(made); return made; };

  function facts() {
    document.title = data.run + ' - lineage';
    $('title').textContent = 'Lineage of ' + data.run;
    $('where').textContent = 'network ' + data.network + ', chain ' + data.chainId + '. ' + data.policy + ', seed ' + data.seed + ', ' + data.tasks + ' tasks, concurrency ' + data.concurrency + '. Nothing of a run touches the chain.';
    const list = [
      ['state', head.state], ['evaluations', head.evaluations + ' of ' + data.budget], ['agents', String(count)], ['spent', head.cost], ['worth', head.value],
      ['return', shown(ratio(atoms(head.value), atoms(head.cost)))], ['best agent', head.best < 0 ? 'none' : head.best + ' (' + wins[head.best] + ' of ' + evaluated(head.best) + ')'], ['α', String(head.alpha)], ['prior', String(head.prior)],
      ['expansions', head.open ? 'open' : 'shut'],
    ];
    const box = $('facts');
    if (box.children.length !== list.length) {
      box.replaceChildren();
      for (const [name] of list) { const cell = words(box, 'div'); words(cell, 'dt', name); words(cell, 'dd'); }
    }
    list.forEach(([, text], i) => { const cell = box.children[i].lastChild; if (cell.textContent !== text) cell.textContent = text; });
    const share = data.budget ? Math.min(1, head.evaluations / data.budget) : 1;
    $('bar').style.width = 100 * share + '%';
    $('progress').setAttribute('aria-valuemax', data.budget); $('progress').setAttribute('aria-valuenow', head.evaluations);
    $('axisname').textContent = 'value over cost so far, by the number of events' + (data.rival ? '; beside it ' + data.rival.run : '');
    $('summary').textContent = count + ' agents. ' + (head.best < 0 ? 'No best agent.' : 'The best is agent ' + head.best + ', ' + depth[head.best] + ' generations from the root.') + ' The button Table shows them as a table.';
  }

  function following() {
    const chip = $('live');
    const since = (performance.now() - updatedAt) / 1000;
    const [text, className] = !live || finished ? [finished ? 'finished' : 'as it was written', 'chip']
      : since < 5 ? ['live', 'chip on'] : ['live, nothing new for ' + Math.floor(since) + ' s', 'chip late'];
    if (chip.textContent !== text) { chip.textContent = text; chip.className = className; }
  }

  function about(agent) {
    const own = { cost: costAtoms[agent] ??= atoms(costs[agent]), value: valueAtoms[agent] ??= atoms(values[agent]) }, all = clade(agent);
    const n = evaluated(agent), m = cladeWins[agent] + cladeFails[agent];
    return [
      ['', [['parent', parent[agent] < 0 ? 'none: the root' : String(parent[agent])], ['generation', String(depth[agent])], ['children', String(family[agent])],
        ['status', aside[agent] ? 'set aside: ' + (reasons.get(agent) ?? '') : agent === head.best ? 'best' : onDescent[agent] ? 'ancestor of the best' : 'active'], ['in flight', String(flying[agent])]]],
      ['Own results', [['solved', wins[agent] + ' of ' + n], ['posterior', percent(mean(agent)) + ' ± ' + (100 * spread(wins[agent], fails[agent])).toFixed(1)], ['spent', decimal(own.cost)], ['worth', decimal(own.value)], ['return', shown(ratio(own.value, own.cost))]]],
      ['Clade', [['agents', String(all.size)], ['solved', cladeWins[agent] + ' of ' + m], ['metaproductivity', m === 0 ? 'no results' : percent(cladeWins[agent] / m)], ['posterior', percent(cladeMean(agent)) + ' ± ' + (100 * spread(cladeWins[agent], cladeFails[agent])).toFixed(1)],
        ['spent', decimal(all.cost)], ['worth', decimal(all.value)], ['return', shown(ratio(all.value, all.cost))]]],
    ];
  }

  let told = -2, toldAt = -1;
  function tell() {
    const agent = selected >= 0 ? selected : hover;
    if (agent === told && toldAt === seen) return;
    const box = $('details');
    if (agent < 0) {
      if (told === -1) return;
      told = -1; $('agent').textContent = 'No agent chosen'; box.replaceChildren(); $('artifact').hidden = true;
      words(box, 'p', 'Point at an agent, or go from agent to agent with the arrow keys. A click keeps it here.', 'hint');
      return;
    }
    const sections = about(agent), rows = sections.flatMap(([, pairs]) => pairs);
    const cells = box.querySelectorAll('dd');
    if (agent === told && cells.length === rows.length) rows.forEach(([, text], i) => { if (cells[i].textContent !== text) cells[i].textContent = text; });
    else {
      $('agent').textContent = 'Agent ' + agent; box.replaceChildren();
      for (const [title, pairs] of sections) {
        if (title) words(box, 'h3', title);
        const list = words(box, 'dl');
        for (const [name, text] of pairs) { words(list, 'dt', name); words(list, 'dd', text); }
      }
      const artifact = artifacts[agent];
      $('artifact').hidden = false;
      $('artifact').textContent = artifact ?? 'Not in this page: it would be too large. The run has it.';
    }
    told = agent; toldAt = seen;
  }

  function tip(px, py) {
    const box = $('tip');
    if (hover < 0) { box.hidden = true; return; }
    const m = cladeWins[hover] + cladeFails[hover], all = clade(hover);
    const text = 'agent ' + hover + (aside[hover] ? ', set aside' : '') + '\nown    ' + wins[hover] + ' of ' + evaluated(hover) + '\nclade  ' + cladeWins[hover] + ' of ' + m + (m ? ' = ' + percent(cladeWins[hover] / m) : '') + ', ' + all.size + (all.size === 1 ? ' agent' : ' agents') + '\nreturn ' + shown(ratio(all.value, all.cost));
    if (box.textContent !== text) box.textContent = text;
    box.hidden = false;
    const w = box.offsetWidth, h = box.offsetHeight;
    box.style.transform = 'translate(' + Math.max(4, Math.min(wide - w - 4, px + 16)) + 'px,' + Math.max(4, py + 18 + h > tall ? py - h - 14 : py + 18) + 'px)';
  }

  let listed = 0;
  function listInterventions() {
    const list = $('interventions');
    for (; listed < interventions.length; listed++) {
      const at = interventions[listed], index = listed, button = words(words(list, 'li'), 'button');
      button.type = 'button';
      const icon = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      icon.setAttribute('viewBox', '0 0 14 14'); icon.setAttribute('aria-hidden', 'true'); path.setAttribute('d', shape(at.kind)); path.setAttribute('fill-rule', 'evenodd'); path.setAttribute('stroke', 'none'); icon.append(path); button.append(icon);
      words(button, 'span', 'event ' + at.version, 'v'); words(button, 'span', at.text, 'w'); words(button, 'span', at.at.slice(0, 19).replace('T', ' ') + ' UTC', 'at');
      button.addEventListener('click', () => { if (at.agent >= 0 && at.agent < count) choose(at.agent, true); at1(index); });
      button.addEventListener('focus', () => at1(index));
      button.addEventListener('pointerenter', () => at1(index));
    }
    if (interventions.length === 0 && !$('moment').textContent) $('moment').textContent = 'No interventions so far.';
    else if (interventions.length > 0 && $('moment').textContent === 'No interventions so far.') $('moment').textContent = '';
  }

  function at1(index) {
    if (moment === index) return;
    moment = index; redrawAxis = true; again();
    const at = interventions[index];
    if (at) $('moment').textContent = 'event ' + at.version + ', ' + at.evaluations + ' evaluations: ' + at.text;
  }

  // ---------------------------------------------------------------------------------------------------------------- table
  const columns = [
    ['agent', agent => agent], ['parent', agent => parent[agent]], ['generation', agent => depth[agent]], ['solved', agent => wins[agent]], ['of', evaluated], ['posterior', mean, percent],
    ['clade solved', agent => cladeWins[agent]], ['clade of', agent => cladeWins[agent] + cladeFails[agent]], ['clade posterior', cladeMean, percent], ['spent', agent => Number(costs[agent]), (_, agent) => costs[agent]], ['worth', agent => Number(values[agent]), (_, agent) => values[agent]],
    ['status', agent => aside[agent] ? 2 : agent === head.best ? 0 : 1, (_, agent) => aside[agent] ? 'set aside: ' + (reasons.get(agent) ?? '') : agent === head.best ? 'best' : onDescent[agent] ? 'ancestor of the best' : ''],
  ];
  const perPage = 50;
  let sortBy = 0, falling = false, pageNumber = 0;
  for (const [index, [name]] of columns.entries()) {
    const cell = words($('columns'), 'th'), button = words(cell, 'button', name);
    cell.scope = 'col'; button.type = 'button';
    button.addEventListener('click', () => { falling = sortBy === index ? !falling : index > 2; sortBy = index; pageNumber = 0; fill(); });
  }

  function fill() {
    if ($('table').hidden) return;
    const text = $('query').value.trim().toLowerCase(), chosen = text ? matches(text) : Array.from({ length: count }, (_, agent) => agent);
    const key = columns[sortBy][1];
    chosen.sort((a, b) => (falling ? key(b) - key(a) : key(a) - key(b)) || a - b);
    const pages = Math.max(1, Math.ceil(chosen.length / perPage));
    pageNumber = Math.min(pageNumber, pages - 1);
    $('caption').textContent = chosen.length + (text ? ' agents found' : ' agents');
    $('page').textContent = 'page ' + (pageNumber + 1) + ' of ' + pages;
    $('previous').disabled = pageNumber === 0; $('next').disabled = pageNumber >= pages - 1;
    [...$('columns').children].forEach((cell, index) => cell.setAttribute('aria-sort', index !== sortBy ? 'none' : falling ? 'descending' : 'ascending'));
    const body = document.createDocumentFragment();
    for (const agent of chosen.slice(pageNumber * perPage, (pageNumber + 1) * perPage)) {
      const row = words(body, 'tr', undefined, agent === head.best ? 'best' : aside[agent] ? 'aside' : '');
      for (const [index, [, value, format]] of columns.entries()) {
        const cell = words(row, 'td');
        if (index === 0) { const button = words(cell, 'button', String(agent)); button.type = 'button'; button.addEventListener('click', () => choose(agent, true)); }
        else cell.textContent = format ? format(value(agent), agent) : value(agent) < 0 ? '' : String(value(agent));
      }
    }
    $('rows').replaceChildren(body);
  }

  // ---------------------------------------------------------------------------------------------------------------- hands
  function at(px, py) {
    let nearest = -1, best = 14 * 14;
    for (let agent = count - 1; agent >= 0; agent--) {
      const dx = shiftX + scale * x[agent] - px, dy = shiftY + scale * y[agent] - py, far = dx * dx + dy * dy, r = dot(agent) + 5;
      if (far < best && far <= r * r) { best = far; nearest = agent; }
    }
    return nearest;
  }

  function choose(agent, centre) {
    selected = agent;
    if (agent >= 0 && centre) {
      const [cx, cy] = place(agent);
      if (cx < 40 || cy < 40 || cx > wide - 40 || cy > tall - 40) { follows = false; shiftX += wide / 2 - cx; shiftY += tall / 2 - cy; }
    }
    tell(); again();
  }

  function zoom(by, px = wide / 2, py = tall / 2) {
    const to = Math.min(260, Math.max(0.2, scale * by));
    shiftX = px - (px - shiftX) * to / scale; shiftY = py - (py - shiftY) * to / scale; scale = to; follows = false; again();
  }

  const fingers = new Map();
  let dragged = 0;
  const local = event => { const box = tree.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  tree.addEventListener('pointerdown', event => { fingers.set(event.pointerId, local(event)); dragged = 0; tree.setPointerCapture(event.pointerId); });
  tree.addEventListener('pointermove', event => {
    const [px, py] = local(event), before = fingers.get(event.pointerId);
    if (!before) {
      const over = at(px, py);
      if (over !== hover) { hover = over; again(); tell(); }
      tip(px, py);
      return;
    }
    if (fingers.size === 1) {
      const [dx, dy] = [px - before[0], py - before[1]];
      dragged += Math.abs(dx) + Math.abs(dy);
      if (dragged > 4) { shiftX += dx; shiftY += dy; follows = false; again(); }
    } else {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1], was = Math.hypot(before[0] - other[0], before[1] - other[1]), now = Math.hypot(px - other[0], py - other[1]);
      dragged = 9;
      if (was > 0) zoom(now / was, (px + other[0]) / 2, (py + other[1]) / 2);
    }
    fingers.set(event.pointerId, [px, py]);
  });
  const lift = event => { if (fingers.delete(event.pointerId) && dragged <= 4 && event.type === 'pointerup') choose(at(...local(event)), false); };
  tree.addEventListener('pointerup', lift); tree.addEventListener('pointercancel', lift);
  tree.addEventListener('pointerleave', () => { if (hover >= 0) { hover = -1; tip(0, 0); tell(); again(); } });
  tree.addEventListener('wheel', event => { event.preventDefault(); zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0016)), ...local(event)); }, { passive: false });
  tree.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const now = selected >= 0 ? selected : Math.max(0, head.best), of = parent[now];
    const siblings = () => { const all = []; for (let child = of < 0 ? -1 : firstChild[of]; child >= 0; child = sibling[child]) all.push(child); return all; };
    const beside = step => { const all = siblings(); return all.length < 2 ? now : all[(all.indexOf(now) + step + all.length) % all.length]; };
    const moves = {
      ArrowUp: () => choose(of < 0 ? 0 : of, true), ArrowDown: () => choose(firstChild[now] >= 0 ? firstChild[now] : now, true), ArrowLeft: () => choose(beside(-1), true), ArrowRight: () => choose(beside(1), true),
      Home: () => choose(0, true), b: () => choose(head.best, true), B: () => choose(head.best, true), Escape: () => choose(-1, false), '+': () => zoom(1.3), '=': () => zoom(1.3), '-': () => zoom(1 / 1.3), 0: () => { follows = true; again(); },
      Enter: () => { const [cx, cy] = place(now); follows = false; shiftX += wide / 2 - cx; shiftY += tall / 2 - cy; choose(now, false); },
    };
    if (moves[event.key]) { event.preventDefault(); moves[event.key](); }
  });
  axis.addEventListener('pointermove', event => {
    const px = event.clientX - axis.getBoundingClientRect().left;
    let nearest = -1, far = 9;
    interventions.forEach((one, index) => { const away = Math.abs(across(one.version) - px); if (away < far) { far = away; nearest = index; } });
    if (nearest >= 0) { at1(nearest); return; }
    const version = (px - axisFrom) / Math.max(1, axisTo - axisFrom) * axisLast, there = points.findLast(one => one.version <= version);
    moment = -1; redrawAxis = true; again();
    if (there) $('moment').textContent = 'event ' + there.version + ', ' + there.evaluations + ' evaluations, ' + there.agents + ' agents: return ' + shown(there.roi);
  });

  function matches(text) {
    const number = /^(?:agent[- ]?)?(\d+)$/.exec(text);
    if (number) return Number(number[1]) < count ? [Number(number[1])] : [];
    const found = [];
    for (let agent = 0; agent < count; agent++) if (artifacts[agent]?.toLowerCase().includes(text) || reasons.get(agent)?.toLowerCase().includes(text)) found.push(agent);
    return found;
  }
  $('search').addEventListener('submit', event => {
    event.preventDefault();
    const text = $('query').value.trim().toLowerCase(), all = text ? matches(text) : [];
    $('found').textContent = !text ? '' : all.length === 0 ? 'none' : all.length === 1 ? '1 agent' : all.length + ' agents';
    if (all.length) choose(all.find(agent => agent > selected) ?? all[0], true);
    pageNumber = 0; fill();
  });
  $('query').addEventListener('input', () => { if (!$('query').value) { $('found').textContent = ''; fill(); } });
  $('best').addEventListener('click', () => { if (head.best >= 0) choose(head.best, true); });
  $('fit').addEventListener('click', () => { follows = true; again(); });
  $('in').addEventListener('click', () => zoom(1.3));
  $('out').addEventListener('click', () => zoom(1 / 1.3));
  $('colour').addEventListener('change', () => { byClade = $('colour').value === 'clade'; domain(); again(); });
  $('view').addEventListener('click', () => {
    const table = $('table').hidden;
    $('table').hidden = !table; $('drawing').hidden = table; $('view').setAttribute('aria-pressed', String(table));
    if (table) fill(); else size();
  });
  $('previous').addEventListener('click', () => { pageNumber--; fill(); });
  $('next').addEventListener('click', () => { pageNumber++; fill(); });
  const kept = { get: name => { try { return sessionStorage.getItem('lineage-' + name); } catch { return null; } }, set: (name, text) => { try { sessionStorage.setItem('lineage-' + name, text); } catch { /* a page without storage forgets */ } } };
  $('theme').addEventListener('click', () => {
    const next = { system: 'dark', dark: 'light', light: 'system' }[document.documentElement.dataset.choice || 'system'];
    document.documentElement.dataset.choice = next; kept.set('theme', next); themed(); redrawAxis = true;
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { themed(); redrawAxis = true; });

  // ---------------------------------------------------------------------------------------------------------------- following
  // A page may be opened as a file, where nothing can be fetched: a script beside it calls lineageUpdates with the last updates, and is asked for again and again.
  let pause = 100;
  globalThis.lineageUpdates = file => {
    if (file.schema !== 'agijobs.lineage-updates/1' || file.identity !== data.identity || file.to < head.version || file.from > head.version) {
      // Another run in the same folder, or more was missed than the file holds: the page has been written anew meanwhile.
      if (file.identity !== data.identity || file.from > head.version || file.to < head.version) anew();
      return;
    }
    let grown = false, news = false;
    for (const update of file.updates) {
      if (update.version < head.version || (update.version === head.version && seen > 0 && !update.rivalPoints?.length)) continue;
      news = apply(update) || news; grown = grown || update.added.length > 0;
    }
    if (!news) return;
    pause = 100; updatedAt = performance.now(); seen++;
    if (grown) layout(); else marked();
    domain(); facts(); listInterventions(); tell(); redrawAxis = true; again();
    if (!$('table').hidden) fill();
  };

  function apply(update) {
    const before = head.version, rivals = rivalPoints.length;
    take(update);
    for (const [agent, of, artifact] of update.added) if (agent === count) add(of, artifact);
    for (const [agent, s, f, cost, value, inFlight] of update.changed) { record(agent, s, f); money(agent, cost, value); flying[agent] = inFlight; }
    for (const [agent, reason] of update.pruned) { aside[agent] = 1; reasons.set(agent, reason); }
    for (const of of update.points) if (!points.length || of[0] > points[points.length - 1].version) points.push(point(of));
    for (const of of update.rivalPoints ?? []) if (!rivalPoints.length || of[0] > rivalPoints[rivalPoints.length - 1].version) rivalPoints.push(point(of));
    for (const of of update.interventions) if (!interventions.length || of.version > interventions[interventions.length - 1].version) interventions.push(of);
    return head.version > before || rivalPoints.length > rivals;
  }

  function anew() {
    const last = Number(kept.get('reloaded') ?? 0), now = Date.now();
    if (now - last < 3000) return;
    kept.set('reloaded', String(now));
    if (!follows) kept.set('place', JSON.stringify([scale, shiftX, shiftY]));
    if (selected >= 0) kept.set('selected', String(selected));
    location.reload();
  }

  let turn = 0;
  function look() {
    if (!live || finished) { following(); return; }
    const script = document.createElement('script');
    const done = () => { script.remove(); setTimeout(look, document.hidden ? 2000 : pause); pause = Math.min(2000, pause * 1.25); };
    script.src = 'lineage-data.js?' + ++turn;
    script.addEventListener('load', done); script.addEventListener('error', done);
    document.head.append(script);
  }

  // What tests and the measurement read; it changes nothing.
  globalThis.lineage = Object.freeze({
    get agents() { return count; }, get drawn() { return drawn; }, get version() { return head.version; }, get updates() { return seen; }, get selected() { return selected; }, get moving() { return moving; },
    place: agent => { const box = tree.getBoundingClientRect(), [px, py] = place(agent); return [box.left + px, box.top + py]; },
    clade: agent => { const all = clade(agent); return { successes: cladeWins[agent], failures: cladeFails[agent], cost: decimal(all.cost), value: decimal(all.value), agents: all.size }; },
  });

  // ---------------------------------------------------------------------------------------------------------------- begin
  // In steps, so that a large tree never holds the page up for long.
  const steps = [
    () => {
      const choice = kept.get('theme');
      if (choice) document.documentElement.dataset.choice = choice;
      take(data); themed();
      for (const of of data.parents) add(of, null);
    },
    () => {
      for (let agent = 0; agent < count; agent++) { wins[agent] = cladeWins[agent] = data.successes[agent]; fails[agent] = cladeFails[agent] = data.failures[agent]; costs[agent] = data.costs[agent]; values[agent] = data.values[agent]; artifacts[agent] = data.artifacts[agent]; }
      for (let agent = count - 1; agent > 0; agent--) { cladeWins[parent[agent]] += cladeWins[agent]; cladeFails[parent[agent]] += cladeFails[agent]; }
      for (const [agent, n] of data.inFlight) flying[agent] = n;
      for (const [agent, reason] of data.pruned) { aside[agent] = 1; reasons.set(agent, reason); }
      for (const of of data.points) points.push(point(of));
      for (const of of data.rival?.points ?? []) rivalPoints.push(point(of));
      interventions.push(...data.interventions);
    },
    () => { layout(); settle(true); domain(); },
    () => { facts(); listInterventions(); tell(); following(); },
    () => {
      size(); new ResizeObserver(size).observe($('plane'));
      const placed = kept.get('place'), chosen = Number(kept.get('selected') ?? -1);
      if (placed) { [scale, shiftX, shiftY] = JSON.parse(placed); follows = false; kept.set('place', ''); }
      if (chosen >= 0 && chosen < count) { choose(chosen, false); kept.set('selected', '-1'); }
      setInterval(following, 1000); look();
      document.documentElement.dataset.ready = 'yes';
    },
  ];
  const begin = () => { steps.shift()(); if (steps.length) setTimeout(begin, 0); };
  begin();
})();
