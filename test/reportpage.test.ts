// reportpage.test.ts - the page of rr report in Chromium: what a person does with it by mouse, by keys, on a phone, on paper, without scripts.
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import type { ChromiumPage } from './chromium.ts';
import { Chromium, NO_CHROMIUM } from './chromium.ts';
import { makeTemporary, rr } from './rig.ts';

const HOSTILE = '</script><script>document.title="ran";alert(1)</script><img src=x onerror=alert(2)>"\'&\u202etxt';
// 2 x 2 pixels, grey.
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNogAIGKAMAMC4GAXQY+WUAAAAASUVORK5CYII=';
const FIT = 'for i in 1 2 3 4 5 6 7 8; do echo "step: $i loss: $(awk "BEGIN { print $1 + 1 / $i }")"; done\n'
  + 'printf %s ' + PNG + ' | base64 -d > "figure-$2.png"; cat data.csv > "fit-$2.csv"; echo "fitted $2" >&2; exit "$3"\n';

function must(folder: string, args: string[], status = 0): void {
  const done = rr(folder, args, { env: { RR_AUTHOR: 'A. Author' } });
  assert.equal(done.status, status, args.join(' ') + ': ' + done.stderr);
}

/** Runs with parameters, curves, a picture each, one that failed, and one whose texts are hostile; gives the page. */
function makePage(): string {
  const folder = makeTemporary();
  must(folder, ['init', '-q']);
  fs.writeFileSync(path.join(folder, 'fit.sh'), FIT);
  fs.writeFileSync(path.join(folder, 'raw.csv'), 'a,b\n1,2\n3,4\n');
  must(folder, ['record', '-q', '--trace', 'none', '-l', 'clean', '-m', 'Take the heading off', '-i', 'raw.csv', '-o', 'data.csv', '--', 'sed 1d raw.csv > data.csv']);
  ['0.3', '0.02', '0.1'].forEach((rate, n) => must(folder, ['record', '-q', '--trace', 'none', '-l', 'fit-' + String(n), '-m', 'Rate ' + rate, '-p', 'rate=' + rate, '-p', 'kind=' + 'ab'[n % 2], '-i', 'fit.sh', '-i', 'data.csv',
    '-o', 'figure-' + String(n) + '.png', '-o', 'fit-' + String(n) + '.csv', '--', 'sh', 'fit.sh', rate, String(n), n === 2 ? '3' : '0'], n === 2 ? 3 : 0));
  fs.writeFileSync(path.join(folder, HOSTILE.replace(/\//g, '') + '.csv'), HOSTILE);
  must(folder, ['record', '-q', '--trace', 'none', '-l', HOSTILE, '-m', HOSTILE, '-t', 'odd', '-p', 'rate=' + HOSTILE, '-p', HOSTILE + '=1', '-i', HOSTILE.replace(/\//g, '') + '.csv', '--', 'echo', HOSTILE]);
  must(folder, ['note', '@', HOSTILE]);
  must(folder, ['report', '-q']);
  return path.join(folder, 'report.html');
}

let made: string | undefined;
let shared: Chromium | undefined;
after(() => { void shared?.close(); });

type Shape = { width?: number; height?: number; isPhone?: boolean; noScripts?: boolean };

/** A task with the page, and no fault in it. */
async function visit(shape: Shape, hash: string, task: (page: ChromiumPage) => Promise<void>): Promise<void> {
  made = made ?? makePage();
  shared = shared ?? new Chromium();
  const page = await shared.makePage(shape);
  await page.open(made, hash);
  if (shape.noScripts !== true) await page.waitFor('document.querySelector("#app")?.getAttribute("aria-busy") === "false"');
  await task(page);
  assert.deepEqual(page.faults, []);
  assert.ok(page.requests.every((url) => /^(file|data):/.test(url)), page.requests.join('\n'));
  await page.close();
}

/** The labels of the table as they stand. */
function labelsOf(page: ChromiumPage): Promise<string[]> {
  return page.evaluate('(() => { const at = [...document.querySelectorAll("table.runs thead th")].findIndex((e) => e.dataset.key === "label"); return [...document.querySelectorAll("table.runs tbody tr")].map((e) => e.cells[at].textContent); })()') as Promise<string[]>;
}

async function goTo(page: ChromiumPage, name: string): Promise<void> {
  await page.click('#nav a[href="#' + name + '"]');
  await page.waitFor('location.hash === "#' + name + '" && document.querySelector("#app")?.getAttribute("aria-busy") === "false" && document.activeElement.tagName === "H2"');
}

test('the report in Chromium: runs are sorted, found, and two are compared', { skip: NO_CHROMIUM }, async () => {
  await visit({}, '', async (page) => {
    const key = await page.evaluate('[...document.querySelectorAll("table.runs thead th")].find((e) => e.textContent.startsWith("loss")).dataset.key') as string;
    const head = 'th[data-key="' + key + '"]';
    assert.deepEqual(await labelsOf(page), [HOSTILE.replace('\u202e', '%E2%80%AE'), 'fit-2', 'fit-1', 'fit-0', 'clean']);
    await page.click(head + ' button');
    assert.deepEqual((await labelsOf(page)).slice(0, 3), ['fit-1', 'fit-2', 'fit-0']);
    assert.equal(await page.evaluate('document.querySelector(' + JSON.stringify(head) + ').getAttribute("aria-sort")'), 'ascending');
    await page.click(head + ' button');
    assert.deepEqual((await labelsOf(page)).slice(0, 3), ['fit-0', 'fit-2', 'fit-1']);
    await page.click('#query');
    await page.type('rate<0.2');
    assert.deepEqual(await labelsOf(page), ['fit-2', 'fit-1']);
    for (let i = 0; i < 8; i++) await page.press('Backspace');
    await page.type('fit-');
    assert.deepEqual(await labelsOf(page), ['fit-0', 'fit-2', 'fit-1']);
    for (const n of [1, 3]) await page.click('table.runs tbody tr:nth-child(' + String(n) + ') input');
    await page.click('#chosen a[href^="#compare"]');
    await page.waitFor('document.querySelector("table.compared")');
    const compared = await page.textOf('table.compared');
    assert.match(compared, /rate\s+0\.3\s+other:\s+0\.02/);
    assert.match(compared, /loss\s+0\.425\s+other:\s+0\.145/);
    assert.doesNotMatch(compared, /data\.csv/);
  });
});

test('the report in Chromium: a run is opened; its curve, picture, log and files are seen', { skip: NO_CHROMIUM }, async () => {
  await visit({}, '', async (page) => {
    await page.click('#query');
    await page.type('fit-1');
    await page.click('table.runs tbody a.run');
    await page.waitFor('document.querySelector("article .chart-line") && [...document.querySelectorAll("article img")].some((e) => e.naturalWidth === 2)');
    const article = await page.textOf('article');
    for (const word of ['Rate 0.02', 'sh fit.sh 0.02 1 0', 'fitted 1', 'data.csv', 'fit-1.csv', 'kind']) assert.ok(article.indexOf(word) >= 0, word + ' in ' + article);
    await page.evaluate('document.querySelector("article .chart-stage").focus()');
    await page.press('End');
    assert.equal(await page.textOf('article .chart-tip'), 'loss, step 8: loss 0.145');
    await page.evaluate('history.back()');
    await page.waitFor('document.querySelector("table.runs")');
    assert.deepEqual(await labelsOf(page), ['fit-1']);
  });
});

test('the report in Chromium: every view draws, and leads to its runs', { skip: NO_CHROMIUM }, async () => {
  await visit({}, '', async (page) => {
    await goTo(page, 'curves');
    assert.equal(await page.countOf('.chart-drawing .chart-line'), 3);
    await goTo(page, 'scatter');
    await page.evaluate('(() => { const across = document.querySelector("#app select"); across.value = "param:rate"; across.dispatchEvent(new Event("change")); })()');
    assert.ok(await page.countOf('.chart-drawing .chart-mark') > 0);
    await goTo(page, 'parallel');
    assert.ok(await page.countOf('[role=slider]') >= 4);
    await goTo(page, 'images');
    await page.waitFor('[...document.querySelectorAll(".chart-picture img")].length === 3 && [...document.querySelectorAll(".chart-picture img")].every((e) => e.naturalWidth === 2)');
    await goTo(page, 'graph');
    assert.match(await page.textOf('.chart-map'), /raw\.csv[^]*data\.csv|data\.csv[^]*raw\.csv/);
    await goTo(page, 'timeline');
    assert.equal(await page.countOf('.chart-drawing .chart-run'), 5);
    assert.match(await page.textOf('.chart-legend'), /succeeded 4\s+failed 1/);
    await page.evaluate('document.querySelector(".chart-stage").focus()');
    await page.press('Home');
    await page.press('Enter');
    await page.waitFor('document.querySelector("article")');
    assert.match(await page.textOf('article h2'), /clean/);
  });
});

test('the report in Chromium: keys alone lead from the top to a run and back', { skip: NO_CHROMIUM }, async () => {
  await visit({}, '', async (page) => {
    const reach = async (what: string): Promise<void> => {
      for (let i = 0; i < 40; i++) {
        if (await page.evaluate('document.activeElement.matches(' + JSON.stringify(what) + ')') === true) return;
        await page.press('Tab');
      }
      assert.fail('no way by the Tab key to ' + what);
    };
    await reach('#query');
    await page.type('fit-0');
    await reach('th button');
    await page.press('Space');
    await reach('table.runs a.run');
    assert.notEqual(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none');
    await page.press('Enter');
    await page.waitFor('document.querySelector("article .chart-stage")');
    assert.equal(await page.evaluate('document.activeElement.tagName'), 'H2');
    await reach('article .chart-stage');
    await page.press('Home');
    assert.match(await page.textOf('article .chart-tip'), /^loss, step 1: loss 1\.3$/);
    await page.press('Alt+ArrowLeft');
    await page.evaluate('history.back()');
    await page.waitFor('document.querySelector("table.runs")');
    assert.deepEqual(await labelsOf(page), ['fit-0']);
  });
});

test('the report in Chromium: hostile texts stay texts in every view', { skip: NO_CHROMIUM }, async () => {
  const shown = HOSTILE.replace('\u202e', '%E2%80%AE');
  await visit({}, '#runs', async (page) => {
    await page.click('table.runs tbody tr:first-child a.run');
    await page.waitFor('document.querySelector("article")');
    assert.ok((await page.textOf('article')).indexOf(shown) >= 0);
    await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
    for (const name of ['curves', 'scatter', 'parallel', 'images', 'timeline', 'graph']) {
      await goTo(page, name);
      await page.evaluate('for (const one of document.querySelectorAll("details")) one.open = true');
      assert.equal(await page.countOf('#app script, [onerror], img[src="x"]'), 0, name);
    }
    assert.match(await page.evaluate('document.title'), /^Graph - /);
    assert.equal(await page.evaluate('/\\u202e/.test(document.body.textContent)'), false);
  });
});

test('the policy of the report refuses scripts and the network, even if a text became markup', { skip: NO_CHROMIUM }, async () => {
  made = made ?? makePage();
  shared = shared ?? new Chromium();
  const text = fs.readFileSync(made, 'latin1');
  const tried = '<script>document.title = "ran"</script><img alt="" src="http://127.0.0.1:9/a.png"><p id="styled" style="color:red" onclick="document.title=\'ran\'">x</p>';
  const file = path.join(makeTemporary(), 'report.html');
  fs.writeFileSync(file, text.replace('<body>', '<body>' + tried), 'latin1');
  const page = await shared.makePage();
  await page.open(file);
  await page.click('#styled');
  await page.evaluate('fetch("http://127.0.0.1:9/b").catch(() => 0)');
  assert.notEqual(await page.evaluate('document.title'), 'ran');
  assert.equal(page.faults.filter((one) => one.startsWith('request:')).length, 0);
  for (const kind of ['script-src-elem', 'script-src-attr', 'style-src-attr', 'img-src', 'connect-src']) assert.ok(page.faults.some((one) => one.startsWith('policy:') && one.indexOf(kind) > 0), kind + ': ' + page.faults.join('\n'));
  // It is the policy that does it.
  fs.writeFileSync(file, text.replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '').replace('<body>', '<body>' + tried), 'latin1');
  const open = await shared.makePage();
  await open.open(file);
  await open.waitFor('document.readyState === "complete"');
  assert.ok(open.faults.some((one) => one.startsWith('request: http://127.0.0.1:9/a.png')));
});

test('the report without scripts still shows the runs, their commands and files', { skip: NO_CHROMIUM }, async () => {
  await visit({ noScripts: true }, '', async (page) => {
    const text = await page.evaluate('document.body.innerText') as string;
    for (const word of ['clean', 'fit-0', 'fit-1', 'fit-2', 'failed', 'Rate 0.02', 'sh fit.sh 0.02 1 0', 'fit-1.csv', HOSTILE.replace('\u202e', '%E2%80%AE')]) assert.ok(text.indexOf(word) >= 0, word);
  });
});

test('the report on a phone, in the dark and on paper: nothing sticks out, all can be read', { skip: NO_CHROMIUM }, async () => {
  const contrast = '(() => { const s = getComputedStyle(document.documentElement); const part = (h) => { const c = parseInt(h, 16) / 255; return c <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4); };'
    + ' const light = (n) => { const h = s.getPropertyValue(n).trim().replace(/^#(.)(.)(.)$/, "#$1$1$2$2$3$3"); return 0.2126 * part(h.slice(1, 3)) + 0.7152 * part(h.slice(3, 5)) + 0.0722 * part(h.slice(5, 7)); };'
    + ' const ratio = (n) => { const a = light(n), b = light("--paper"); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };'
    + ' return Object.fromEntries(["--ink", "--quiet", "--accent", "--good", "--bad", "--warn", "--s1", "--s2", "--s3", "--s4", "--s5", "--s6", "--s7", "--s8", "--q0", "--q8"].map((n) => [n, ratio(n)])); })()';
  for (const isDark of [false, true]) {
    await visit({ width: 390, height: 844, isPhone: true }, '', async (page) => {
      await page.emulate({ isDark });
      for (const [name, ratio] of Object.entries(await page.evaluate(contrast) as { [name: string]: number })) {
        // WCAG 2.2: 4.5 for text, 3 for lines and marks; the palest shade of a ramp only has to be seen.
        assert.ok(ratio >= (/--s\d/.test(name) ? 3 : name === '--q0' ? 1.5 : 4.5), name + ' ' + String(ratio) + (isDark ? ' in the dark' : ''));
      }
      for (const name of ['runs', 'curves', 'scatter', 'parallel', 'images', 'timeline', 'graph']) {
        await page.evaluate('location.hash = "#' + name + '"');
        await page.waitFor('document.querySelector("#nav a[aria-current]")?.hash === "#' + name + '" && document.querySelector("#app")?.getAttribute("aria-busy") === "false"');
        assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth') === true, name);
      }
    });
  }
  await visit({}, '', async (page) => {
    await page.emulate({ isDark: true, isPrint: true });
    assert.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
    const file = path.join(makeTemporary(), 'report.pdf');
    await page.print(file);
    assert.ok(fs.statSync(file).size > 5000);
  });
});

test('the report tells who listens what is where', { skip: NO_CHROMIUM }, async () => {
  await visit({}, '', async (page) => {
    const heard = await page.listen();
    const has = (role: string, name: RegExp): boolean => heard.some((one) => one.role === role && name.test(one.name));
    for (const [role, name] of [['heading', /./], ['navigation', /./], ['main', /.?/], ['searchbox', /Find/], ['combobox', /Status/], ['table', /Runs/], ['columnheader', /loss/], ['rowheader', /./], ['checkbox', /Choose fit-1/]] as [string, RegExp][]) {
      assert.ok(has(role, name), role + ' ' + String(name) + ' among ' + Array.from(new Set(heard.map((one) => one.role + ':' + one.name))).slice(0, 80).join('; '));
    }
    const nameless = heard.filter((one) => ['button', 'link', 'checkbox', 'combobox', 'searchbox', 'image', 'region'].indexOf(one.role) >= 0 && one.name === '');
    assert.deepEqual(nameless, []);
  });
});
