// opening.ts - how long Chromium takes to open a report of very many runs, and to answer in it. Prints; judges nothing.
import childProcess from 'child_process';
import fs from 'fs';
import path from 'path';
import { withChromium } from '../chromium.ts';
import { makeTemporary } from '../rig.ts';
import { makeProject } from './projects.ts';

// usage: node .scratch/out/test/bench/opening.js [RUNS...] (default: 10000), in the top folder after a build.

function sizeOf(place: string): number {
  const stat = fs.statSync(place);
  return stat.isDirectory() ? fs.readdirSync(place).reduce((sum, name) => sum + sizeOf(path.join(place, name)), 0) : stat.size;
}

async function measure(runs: number): Promise<string> {
  const folder = makeTemporary();
  makeProject(path.resolve('rr.js'), folder, { runs, hasResults: true, isMade: false });
  const startedMs = Date.now();
  const done = childProcess.spawnSync(process.execPath, [path.resolve('rr.js'), 'report', '-q'], { cwd: folder, encoding: 'latin1' });
  if (done.status !== 0) throw new Error('rr report: ' + done.stderr);
  const reportMs = Date.now() - startedMs;
  const file = path.join(folder, 'report.html');
  const bytes = fs.readdirSync(folder).filter((name) => name.startsWith('report')).reduce((sum, name) => sum + sizeOf(path.join(folder, name)), 0);
  return await withChromium(async (browser) => {
    const page = await browser.makePage();
    await page.send('Page.addScriptToEvaluateOnNewDocument', { source: 'new MutationObserver(() => { if (window.rowMs === undefined && document.querySelector("#app table tbody tr a")) requestAnimationFrame(() => requestAnimationFrame(() => { window.rowMs = window.rowMs || performance.now(); })); }).observe(document, { childList: true, subtree: true });' });
    await page.open(file);
    await page.waitFor('window.rowMs');
    const [rowMs, loadMs] = await page.evaluate('[window.rowMs, performance.getEntriesByType("navigation")[0].loadEventEnd]') as [number, number];
    const time = async (act: string): Promise<number> => await page.evaluate('new Promise((done) => { const t = performance.now(); ' + act + '; requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - t))); })') as number;
    const sortMs = await time('document.querySelector("#app thead th:nth-child(3) button").click()');
    const findMs = await time('(() => { const q = document.querySelector("#query"); q.value = "9"; q.dispatchEvent(new Event("input")); })()');
    const heap = (await page.send('Runtime.getHeapUsage')).usedSize as number;
    if (page.faults.length > 0) throw new Error(page.faults.join('\n'));
    return [String(runs).padStart(7) + ' runs', (bytes / 1e6).toFixed(1) + ' MB', 'made in ' + (reportMs / 1000).toFixed(1) + ' s', 'first rows after ' + rowMs.toFixed(0) + ' ms', 'load event after ' + loadMs.toFixed(0) + ' ms',
      'sorted in ' + sortMs.toFixed(0) + ' ms', 'found in ' + findMs.toFixed(0) + ' ms', 'heap ' + (heap / 1e6).toFixed(0) + ' MB'].join(', ');
  });
}

async function main(): Promise<void> {
  const asked = process.argv.slice(2).map(Number);
  for (const runs of asked.length > 0 ? asked : [10000]) console.log(await measure(runs));
}

main().catch((error: Error) => {
  process.stderr.write(error.message + '\n');
  process.exitCode = 1;
});
