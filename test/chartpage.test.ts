// chartpage.test.ts - the drawings of the report in Chromium: pointed at, walked by keys, brushed, listened to, and fed with hostile text.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import type { ChromiumPage } from './chromium.ts';
import { Chromium, NO_CHROMIUM } from './chromium.ts';
import { writeChartPage } from './chartrig.ts';

const HOSTILE = '</script><script>document.title="ran"</script><img src=x onerror="document.title=\'ran\'">"\'&\u202etxt';

const SETUP = 'const text = ' + JSON.stringify(HOSTILE).replace(/</g, '\\u003c') + ';\n'
  + 'window.picked = []; window.chosen = "never";\n'
  + 'const options = { onPick: (id) => window.picked.push(id), onChoose: (ids) => { window.chosen = ids; } };\n'
  + 'const put = (id, draw) => { const box = document.createElement("div"); box.id = id; document.body.append(box); window[id + "Again"] = () => draw(box); draw(box); };\n'
  + 'const many = (n, make) => Array.from({ length: n }, (_, i) => make(i));\n'
  + 'const runs = (n) => many(n, (i) => ({ id: "20261122T052000Z-aaa" + String(100 + i), name: "run " + i }));\n';

let shared: Chromium | undefined;
after(() => { void shared?.close(); });

/** A page with drawings, a task with it, and no fault in it. */
async function look(script: string, task: (page: ChromiumPage) => Promise<void>, size: { width?: number; height?: number; isPhone?: boolean } = {}): Promise<void> {
  shared = shared ?? new Chromium();
  const page = await shared.makePage(size);
  await page.open(writeChartPage(SETUP + script));
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  await task(page);
  assert.deepEqual(page.faults, []);
  assert.equal(await page.evaluate('document.title'), 'Charts');
  await page.close();
}

const CURVES = 'put("c", (box) => drawCurves(box, { title: "loss", xName: "step", yName: "loss", series: many(3, (s) => ({ run: "id" + s, name: "run " + s, points: many(11, (i) => [i, i === 5 ? NaN : (s + 1) * (i + 1)]) })) }, options));\n';

test('drawings keep hostile text as text', { skip: NO_CHROMIUM }, async () => {
  const script = 'const named = [{ id: text, name: text }, { id: "b", name: "b" }];\n'
    + 'put("a", (box) => drawCurves(box, { title: text, xName: text, yName: text, series: [{ run: text, name: text, points: [[1, 2], [2, 3]] }] }, options));\n'
    + 'put("b", (box) => drawScatter(box, { x: { name: text, values: [text, "c"] }, y: { name: text, values: [1, 2] }, colour: { name: text, values: [text, null] }, runs: named }, options));\n'
    + 'put("c", (box) => drawParallel(box, { axes: [{ name: text, kind: "parameter", values: [text, "c"] }, { name: text, kind: "metric", values: [1, 2] }], runs: named }, options));\n'
    + 'put("d", (box) => drawTimeline(box, { runs: [{ id: text, name: text, startMs: 1e12, endMs: 1e12 + 5000, status: text }] }, options));\n'
    + 'put("e", (box) => drawGraph(box, { nodes: [{ key: text, kind: "file", name: text, detail: text, isCurrent: true, isFocus: false, more: 0 }, { key: "r", kind: "run", name: text, detail: text, status: text, more: 2 }], edges: [[0, 1]] }, options));\n'
    + 'put("f", (box) => drawImages(box, { caption: text, images: [{ run: text, name: text, path: text, note: text, src: "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==" },'
    + ' { run: "b", name: "b", path: "b", src: "http://127.0.0.1:9/x.png" }, { run: "b", name: "b", path: "b", src: "data:text/html,x" }] }, options));\n';
  await look(script, async (page) => {
    assert.equal(await page.countOf('body script, img[src="x"], [onerror]'), 1);
    assert.equal(await page.countOf('#f button img'), 1);
    const told = await page.evaluate('[...document.querySelectorAll("figcaption, title, bdi")].filter((e) => e.textContent === ' + JSON.stringify(HOSTILE) + ').length') as number;
    assert.ok(told >= 8, String(told));
    for (const id of ['a', 'b', 'c', 'd', 'e']) await page.evaluate('for (const d of document.querySelectorAll("#' + id + ' details")) d.open = true');
    await page.click('#e .chart-node');
    assert.deepEqual(await page.evaluate('window.picked'), [HOSTILE]);
  });
});

test('drawings stand data that are empty, one, not numbers or enormous', { skip: NO_CHROMIUM }, async () => {
  const script = 'const bad = [null, undefined, NaN, Infinity];\n'
    + 'put("a", (box) => drawCurves(box, { title: "t", xName: "x", yName: "y", series: [] }, {}));\n'
    + 'put("b", (box) => drawCurves(box, { title: "t", xName: "x", yName: "y", series: [{ run: "r", name: "r", points: [[null, 1], [1, NaN]] }] }, {}));\n'
    + 'put("c", (box) => drawCurves(box, { title: "t", xName: "x", yName: "y", series: [{ run: "r", name: "r", points: [[3, 1e308], [4, -1e308], [5, -1]] }, { run: "s", name: "r", points: [[7, 7]] }] }, { logX: true }));\n'
    + 'put("d", (box) => drawScatter(box, { x: { name: "x", values: bad }, y: { name: "y", values: [1, 2, 3, 4] }, runs: runs(4) }, {}));\n'
    + 'put("e", (box) => drawScatter(box, { x: { name: "x", values: [1, -1, 0] }, y: { name: "y", values: [5, 5, 5] }, colour: { name: "c", values: [null, NaN, 1] }, runs: runs(3) }, { logX: true }));\n'
    + 'put("f", (box) => drawParallel(box, { axes: [], runs: [] }, {}));\n'
    + 'put("g", (box) => drawParallel(box, { axes: [{ name: "p", kind: "parameter", values: bad }, { name: "q", kind: "metric", values: [1, 1, 1, 1] }], runs: runs(4) }, {}));\n'
    + 'put("h", (box) => drawTimeline(box, { runs: [] }, {}));\n'
    + 'put("i", (box) => drawTimeline(box, { runs: [{ id: "a", name: "a", startMs: NaN, endMs: 1, status: "failed" }, { id: "b", name: "b", startMs: 5, endMs: null, status: "running" }] }, {}));\n'
    + 'put("j", (box) => drawResources(box, { samples: [], wallS: 3 }, {}));\n'
    + 'put("k", (box) => drawResources(box, { samples: [{ atS: 0, cpus: 0, memoryBytes: 0 }], wallS: undefined }, {}));\n'
    + 'put("l", (box) => drawGraph(box, { nodes: [], edges: [] }, {}));\n'
    + 'put("m", (box) => drawGraph(box, { nodes: [{ key: "a", kind: "file", name: "", detail: "", more: 0 }], edges: [] }, {}));\n'
    + 'put("n", (box) => drawImages(box, { images: [], caption: "none" }, {}));\n';
  await look(script, async (page) => {
    assert.deepEqual(await page.evaluate('[...document.querySelectorAll(".empty")].map((e) => e.closest("div").id)'), ['a', 'b', 'd', 'f', 'h', 'j', 'l', 'n']);
    assert.equal(await page.evaluate('/NaN|undefined/.test([...document.querySelectorAll("svg *")].map((e) => [...e.attributes].map((a) => a.value).join(" ")).join(" "))'), false);
    assert.match(await page.textOf('#e'), /2 runs are left out/);
    assert.match(await page.textOf('#i'), /1 run is left out/);
    assert.equal(await page.countOf('#c .chart-key'), 2);
    assert.deepEqual(await page.evaluate('[...document.querySelectorAll("#c .chart-key")].map((e) => e.title)'), ['r (r)', 'r (s)']);
  });
});

test('drawCurves() is walked by keys, read by pointer, and its lines hidden, shown and zoomed', { skip: NO_CHROMIUM }, async () => {
  await look(CURVES, async (page) => {
    await page.evaluate('document.querySelector("#c .chart-stage").focus()');
    await page.press('Home');
    assert.equal(await page.textOf('#c .chart-tip'), 'run 2, step 0: loss 3');
    await page.press('ArrowDown');
    await page.press('ArrowRight');
    assert.equal(await page.textOf('#c .chart-tip'), 'run 1, step 1: loss 4');
    for (let i = 0; i < 4; i++) await page.press('ArrowRight');
    assert.equal(await page.textOf('#c .chart-tip'), 'run 1, step 6: loss 14');
    await page.press('Enter');
    assert.deepEqual(await page.evaluate('window.picked'), ['id1']);
    assert.match(await page.textOf('#c'), /3 values are left out: not a number/);
    // Over the last point of the highest line.
    const at = await page.evaluate('(() => { const s = document.querySelector("#c .chart-drawing").getBoundingClientRect(); return [s.right - 70, s.top + 60]; })()') as [number, number];
    await page.moveTo(at[0], at[1]);
    assert.match(await page.textOf('#c .chart-tip'), /^run 2, step 10: loss 33$/);
    assert.match(await page.textOf('#c .chart-box'), /run 2\s+33\s+run 1\s+22\s+run 0\s+11/);
    await page.click('#c .chart-key:nth-of-type(3)');
    assert.equal(await page.evaluate('document.activeElement.getAttribute("aria-pressed")'), 'false');
    assert.equal(await page.countOf('#c .chart-drawing .chart-line'), 2);
    await page.evaluate('window.cAgain()');
    assert.equal(await page.countOf('#c .chart-drawing .chart-line'), 2);
    await page.press('Tab');
    const { x, y } = await page.placeOf('#c .chart-drawing');
    await page.drag(x - 100, y, x + 100, y);
    assert.match(await page.textOf('#c .chart-legend'), /Whole range/);
    const ticks = await page.evaluate('[...document.querySelectorAll("#c .chart-tick[text-anchor=middle]")].map((e) => Number(e.textContent))') as number[];
    assert.ok(Math.min(...ticks) > 2 && Math.max(...ticks) < 8, ticks.join());
    assert.deepEqual(await page.evaluate('window.picked'), ['id1']);
    await page.click('#c .chart-button');
    assert.equal(await page.countOf('#c .chart-button'), 0);
    await page.click('#c summary');
    await page.waitFor('document.querySelector("#c tbody")');
    assert.match(await page.textOf('#c table tbody'), /run 0\s+11\s+1\s+11\s+1\s+11\s+0\s+10/);
  });
});

test('drawScatter() and drawTimeline() tell of the run under pointer or focus, and it is picked', { skip: NO_CHROMIUM }, async () => {
  const script = 'put("s", (box) => drawScatter(box, { x: { name: "rate", values: [0.1, 0.2, 0.3, null] }, y: { name: "score", values: [5, 9, 7, 1] }, colour: { name: "kind", values: ["a", "b", "a", "b"] }, runs: runs(4) }, options));\n'
    + 'put("t", (box) => drawTimeline(box, { runs: runs(3).map((run, i) => ({ ...run, startMs: Date.UTC(2026, 10, 22, 5, i), endMs: Date.UTC(2026, 10, 22, 5, i, 50), status: ["succeeded", "failed", "running"][i] })) }, options));\n'
    + 'put("h", (box) => drawTimeline(box, { runs: runs(2500).map((run, i) => ({ ...run, startMs: Date.UTC(2026, 10, 1 + i % 20, 5), endMs: null, status: i % 5 ? "succeeded" : "failed" })) }, options));\n';
  await look(script, async (page) => {
    await page.evaluate('document.querySelector("#s .chart-stage").focus()');
    await page.press('ArrowRight');
    await page.press('ArrowRight');
    assert.equal(await page.textOf('#s .chart-tip'), 'run 1: rate 0.2, score 9, kind b');
    await page.press('ArrowDown');
    assert.equal(await page.textOf('#s .chart-tip'), 'run 2: rate 0.3, score 7, kind a');
    await page.press('Enter');
    await page.evaluate('document.querySelector("#t .chart-stage").focus()');
    await page.press('End');
    assert.equal(await page.textOf('#t .chart-tip'), 'run 2: running, from 2026-11-22 05:02:00');
    await page.press('ArrowLeft');
    assert.equal(await page.textOf('#t .chart-tip'), 'run 1: failed, from 2026-11-22 05:01:00, 50 s');
    await page.press('Enter');
    assert.deepEqual(await page.evaluate('window.picked'), ['20261122T052000Z-aaa102', '20261122T052000Z-aaa101']);
    const { x, y } = await page.placeOf('#t .chart-drawing .chart-failed');
    await page.clickAt(x, y);
    assert.equal(await page.evaluate('window.picked.length'), 3);
    await page.evaluate('document.querySelector("#h .chart-stage").focus()');
    await page.press('Home');
    assert.match(await page.textOf('#h .chart-tip'), /^from 2026-11-01 \d\d:00:00: 125 runs \(failed 125\)$/);
    await page.press('ArrowRight');
    assert.match(await page.textOf('#h .chart-tip'), /125 runs \(succeeded 125\)$/);
    await page.press('Enter');
    assert.match(await page.evaluate('document.querySelector("#h .chart-stage").getAttribute("aria-label")'), /: 125 runs from/);
    await page.press('Escape');
    assert.match(await page.evaluate('document.querySelector("#h .chart-stage").getAttribute("aria-label")'), /: 2500 runs, counted/);
  });
});

test('drawParallel() chooses the runs within the marked ranges, by mouse and by keys', { skip: NO_CHROMIUM }, async () => {
  const script = 'put("p", (box) => drawParallel(box, { axes: [{ name: "rate", kind: "parameter", values: many(101, (i) => i) }, { name: "kind", kind: "parameter", values: many(101, (i) => "abc"[i % 3]) },'
    + ' { name: "score", kind: "metric", values: many(101, (i) => i === 50 ? null : 100 - i) }], runs: runs(101) }, options));\n';
  await look(script, async (page) => {
    assert.equal(await page.countOf('#p [role=slider]'), 6);
    assert.match(await page.textOf('#p'), /1 run lacks a value on an axis/);
    // The upper half of the first axis: 50 to 100.
    const axis = await page.evaluate('(() => { const b = document.querySelector("#p .chart-axis").getBoundingClientRect(); return [b.x, b.top, b.bottom]; })()') as [number, number, number];
    await page.drag(axis[0], axis[2] - 4, axis[0], axis[2] - 40);
    assert.match(await page.textOf('#p'), /\d runs of 101 within/);
    await page.clickAt(axis[0], axis[2] - 20);
    assert.match(await page.textOf('#p'), /Drag along an axis/);
    await page.drag(axis[0], axis[2] + 3, axis[0], (axis[1] + axis[2]) / 2);
    assert.deepEqual(await page.evaluate('window.chosen.map((id) => Number(id.slice(-3)) - 100)'), Array.from({ length: 51 }, (_, i) => i + 50));
    assert.match(await page.textOf('#p'), /51 runs of 101 within the marked ranges/);
    // Ten steps of a fiftieth down from the top of the last axis: scores to 80, that is runs from 20.
    await page.evaluate('document.querySelectorAll("#p [role=slider]")[4].focus()');
    for (let i = 0; i < 3; i++) await page.press('PageDown');
    const within = Array.from({ length: 101 }, (_, i) => i).filter((i) => i >= 60);
    assert.deepEqual(await page.evaluate('window.chosen.map((id) => Number(id.slice(-3)) - 100)'), within);
    assert.equal(await page.evaluate('document.activeElement.getAttribute("aria-valuetext")'), '40');
    await page.press('Escape');
    assert.equal(await page.evaluate('window.chosen.length'), 51);
    await page.clickAt(axis[0], (axis[1] * 3 + axis[2]) / 4);
    assert.equal(await page.evaluate('window.chosen === undefined'), true);
    await page.evaluate('document.querySelector("#p .chart-stage").focus()');
    await page.press('Home');
    await page.press('ArrowDown');
    assert.match(await page.textOf('#p .chart-tip'), /^run \d+: rate/);
    assert.deepEqual(await page.evaluate('window.picked'), []);
  });
});

test('drawGraph() is walked along its edges, enlarged, and told as a list', { skip: NO_CHROMIUM }, async () => {
  const script = 'const nodes = [["file", "in.csv"], ["run", "fit"], ["file", "out.csv"], ["file", "log.txt"], ["run", "plot"]].map(([kind, name], i) => ({ key: name, kind, name, detail: "", status: kind === "run" ? "succeeded" : undefined, isCurrent: i === 2, isFocus: i === 1, more: i === 3 ? 4 : 0 }));\n'
    + 'put("g", (box) => drawGraph(box, { nodes, edges: [[0, 1], [1, 2], [1, 3], [2, 4]] }, options));\n';
  for (const isPhone of [false, true]) {
    const [on, back, aside] = isPhone ? ['ArrowDown', 'ArrowUp', ['ArrowRight', 'ArrowLeft']] : ['ArrowRight', 'ArrowLeft', ['ArrowDown', 'ArrowUp']];
    await look(script, async (page) => {
      assert.equal((await page.listen()).filter((one) => one.role === 'link').length, 5);
      assert.equal(await page.countOf('#g [tabindex="0"][role=link]'), 1);
      await page.evaluate('document.querySelector("#g [role=link][tabindex=\'0\']").focus()');
      assert.match(await page.textOf('#g .chart-tip'), /^run fit, succeeded; reads in\.csv; writes out\.csv, log\.txt$/);
      await page.press(on as string);
      const first = await page.textOf('#g .chart-tip');
      for (const key of aside) await page.press(key);
      await page.press(first.indexOf('log.txt') >= 0 ? aside[0] : aside[1]);
      const named = await page.evaluate('document.activeElement.getAttribute("aria-label")') as string;
      assert.match(named, /^file (out\.csv, a current result; made by fit; read by plot|log\.txt; made by fit; 4 more beside it are not shown)$/);
      await page.press(back as string);
      await page.press(back as string);
      await page.press('Enter');
      assert.deepEqual(await page.evaluate('window.picked'), ['in.csv']);
      await page.press(back as string);
      assert.match(await page.evaluate('document.activeElement.getAttribute("aria-label")'), /^file in\.csv/);
      const width = Number(await page.evaluate('document.querySelector("#g .chart-map svg").getAttribute("width")'));
      await page.click('#g button[aria-label="Larger"]');
      assert.ok(Number(await page.evaluate('document.querySelector("#g .chart-map svg").getAttribute("width")')) > width);
      await page.click('#g summary');
      await page.waitFor('document.querySelector("#g li")');
      assert.equal(await page.countOf('#g li'), 5);
      assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
    }, isPhone ? { width: 390, height: 844, isPhone } : {});
  }
});

test('drawImages() shows pictures of one path side by side, and each one large', { skip: NO_CHROMIUM }, async () => {
  const script = 'const picture = (colour) => "data:image/svg+xml," + encodeURIComponent("<svg xmlns=\'http://www.w3.org/2000/svg\' width=\'40\' height=\'20\'><rect width=\'40\' height=\'20\' fill=\'" + colour + "\'/></svg>");\n'
    + 'put("i", (box) => drawImages(box, { caption: "Figures", images: ["a.png", "b.png", "a.png"].map((path, i) => ({ run: "id" + i, name: "run " + i, path, src: picture(["red", "green", "blue"][i]), note: "" })) }, options));\n';
  await look(script, async (page) => {
    await page.waitFor('[...document.querySelectorAll("#i li img")].every((one) => one.naturalWidth === 40)');
    assert.deepEqual(await page.evaluate('[...document.querySelectorAll("#i li img")].map((one) => one.alt)'), ['a.png, run 0', 'a.png, run 2', 'b.png, run 1']);
    await page.click('#i li:nth-child(2) button');
    assert.match(await page.textOf('#i dialog p'), /a\.png . run 2 \(2 of 3\)/);
    await page.press('ArrowRight');
    await page.press('ArrowRight');
    assert.match(await page.textOf('#i dialog p'), /a\.png . run 0 \(1 of 3\)/);
    await page.press('Escape');
    assert.equal(await page.evaluate('document.querySelector("#i dialog").open'), false);
    assert.equal(await page.evaluate('document.activeElement.className'), 'chart-picture');
    await page.press('Enter');
    await page.click('#i dialog button:nth-of-type(3)');
    assert.deepEqual(await page.evaluate('window.picked'), ['id2']);
  });
});

test('every drawing has a name for who listens, one Tab stop, and room on a phone', { skip: NO_CHROMIUM }, async () => {
  const script = CURVES + 'put("r", (box) => drawResources(box, { wallS: 100, samples: many(100, (i) => ({ atS: i, cpus: 1 + i % 3, memoryBytes: 1e6 * i, readBytes: 1000, writtenBytes: null, processes: 3 })) }, {}));\n';
  await look(script, async (page) => {
    const heard = await page.listen();
    assert.deepEqual(heard.filter((one) => one.role === 'application').map((one) => one.name),
      ['loss: loss by step, 3 lines. Arrow keys move, Enter opens the run.', 'Resources over time: processors, memory, read and written, processes, 100 samples. Arrow keys move.']);
    assert.equal(heard.filter((one) => one.role === 'button' && one.properties.pressed === 'true').length, 3);
    assert.equal(await page.countOf('#r .chart-stage[tabindex="0"]'), 1);
    await page.evaluate('document.querySelector("#r .chart-stage").focus()');
    await page.press('End');
    assert.equal(await page.textOf('#r .chart-tip'), '1 min 39 s: processors 1, memory 94.4 MiB, read 1000 B/s, processes 3');
    assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true);
  }, { width: 360, height: 740, isPhone: true });
});
