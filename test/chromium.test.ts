// chromium.test.ts - the rig that drives Chromium notices what goes wrong in a page; or its silence would prove nothing.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { NO_CHROMIUM, withChromium } from './chromium.ts';
import { makeTemporary } from './rig.ts';

function writePage(body: string, head = ''): string {
  const file = path.join(makeTemporary(), 'page %# \u00e4.html');
  fs.writeFileSync(file, '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">' + head + '<title>Page</title></head><body>' + body + '</body></html>');
  return file;
}

const PICTURE = 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==';

test('ChromiumPage.faults names errors, refusals and requests, and only those', { skip: NO_CHROMIUM }, async () => {
  const cases: [body: string, head: string, fault: RegExp | undefined][] = [
    ['<p>calm</p><img alt="" src="' + PICTURE + '">', '', undefined],
    ['<script>console.log("said", 1)</script>', '', /^console\.log: said 1$/],
    ['<script>setTimeout(() => { throw new Error("late") })</script>', '', /^thrown: Error: late/],
    ['<script>Promise.reject(new Error("unheard"))</script>', '', /^thrown: Error: unheard/],
    ['<img alt="" src="http://127.0.0.1:9/x.png">', '', /^request: http:\/\/127\.0\.0\.1:9\/x\.png$/],
    ['<script>fetch("http://127.0.0.1:9/y").catch(() => 0)</script>', '', /^request: http:\/\/127\.0\.0\.1:9\/y$/],
    ['<script>new WebSocket("ws://127.0.0.1:9/z")</script>', '', /^request: ws:\/\/127\.0\.0\.1:9\/z$/],
    ['<script>1</script>', '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">', /^policy: .*script-src-elem/],
    ['<p style="color:red">x</p>', '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">', /^policy: .*style-src-attr/],
    ['<script>setTimeout(() => alert("here"))</script>', '', /^dialog: here$/],
    ['<img alt="" src="http://127.0.0.1:9/x.png">', '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'">', /^policy: .*img-src/],
    ['<img alt="" src="missing.png">', '', /^network: .*ERR_FILE_NOT_FOUND/],
  ];
  await withChromium(async (browser) => {
    for (const [body, head, fault] of cases) {
      const page = await browser.makePage();
      await page.open(writePage(body, head));
      await page.waitFor('document.readyState === "complete"');
      if (fault === undefined) assert.deepEqual(page.faults, [], body);
      else {
        for (let i = 0; i < 200 && !page.faults.some((one) => fault.test(one)); i++) await page.evaluate('new Promise((r) => setTimeout(r, 20))');
        assert.ok(page.faults.some((one) => fault.test(one)), body + ': ' + page.faults.join('; '));
        // What the policy refuses is no request.
        assert.equal(page.faults.some((one) => one.startsWith('request:')), /request/.test(String(fault)), page.faults.join('; '));
      }
      await page.close();
    }
  });
});

test('ChromiumPage clicks, types, drags and presses as a person does, and refuses what is covered', { skip: NO_CHROMIUM }, async () => {
  const file = writePage('<input id="a"><button id="b" onclick="this.textContent = a.value">go</button><input id="c" type="checkbox"><div id="d" style="width:300px;height:100px">d</div>'
    + '<div style="position:relative"><button id="e">e</button><div style="position:absolute;inset:0;background:red"></div></div><p style="margin-top:3000px" id="f">far</p>'
    + '<script>window.seen = []; d.addEventListener("mousemove", (e) => { if (e.buttons === 1) window.seen.push(e.offsetX); });'
    + 'document.addEventListener("keydown", (e) => window.seen.push(e.key + (e.shiftKey ? "+" : "")));</script>');
  await withChromium(async (browser) => {
    const page = await browser.makePage();
    await page.open(file);
    await page.click('#a');
    await page.type('h\u00e9 1.%-"#');
    await page.click('#b');
    assert.equal(await page.textOf('#b'), 'h\u00e9 1.%-"#');
    await page.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.id'), 'c');
    await page.press('Space');
    assert.equal(await page.evaluate('c.checked'), true);
    await page.press('Shift+Tab');
    assert.equal(await page.evaluate('document.activeElement.id'), 'b');
    assert.deepEqual((await page.evaluate('window.seen')).slice(-3), ['Tab', ' ', 'Tab+']);
    await page.evaluate('window.seen = []');
    const { x, y } = await page.placeOf('#d');
    await page.drag(x - 100, y, x + 100, y);
    assert.equal((await page.evaluate('window.seen')).length, 5);
    await page.click('#f');
    await assert.rejects(page.click('#e'), /covered by <div/);
    await assert.rejects(page.click('#g'), /missing/);
    await assert.rejects(page.evaluate('nothing.here'), /ReferenceError/);
  });
});

test('ChromiumPage emulates a phone, the dark, paper and no scripts, and takes pictures', { skip: NO_CHROMIUM }, async () => {
  const file = writePage('<p>x</p><noscript><b id="n">none</b></noscript><button aria-label="Say" aria-pressed="true">s</button><script>document.title = "ran"</script>',
    '<style>@media (prefers-color-scheme:dark){p{color:rgb(1,2,3)}}@media print{p{color:rgb(4,5,6)}}@media (prefers-reduced-motion:reduce){p{top:7px}}</style>');
  const colour = 'getComputedStyle(document.querySelector("p")).color';
  const folder = makeTemporary();
  await withChromium(async (browser) => {
    const page = await browser.makePage({ width: 390, height: 844, isPhone: true });
    await page.open(file);
    assert.deepEqual(await page.evaluate('[innerWidth, matchMedia("(pointer:coarse)").matches, document.title]'), [980, true, 'ran']);
    await page.emulate({ isDark: true, isCalm: true });
    assert.deepEqual(await page.evaluate('[' + colour + ', getComputedStyle(document.querySelector("p")).top]'), ['rgb(1, 2, 3)', '7px']);
    await page.emulate({ isPrint: true });
    assert.equal(await page.evaluate(colour), 'rgb(4, 5, 6)');
    await page.photograph(path.join(folder, 'a.png'));
    await page.print(path.join(folder, 'a.pdf'));
    assert.equal(fs.readFileSync(path.join(folder, 'a.png')).readUInt32BE(16), 780);
    assert.equal(fs.readFileSync(path.join(folder, 'a.pdf'), 'latin1').slice(0, 5), '%PDF-');
    assert.deepEqual((await page.listen()).filter((one) => one.role === 'button').map((one) => [one.name, one.properties.pressed]), [['Say', 'true']]);
    const still = await browser.makePage({ noScripts: true });
    await still.open(file);
    assert.deepEqual([await still.evaluate('document.title'), await still.textOf('#n')], ['Page', 'none']);
    assert.deepEqual(still.faults.concat(page.faults), []);
  });
});
