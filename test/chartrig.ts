// chartrig.ts - the drawings of the report alone: their scripts, and a page of their own for them.
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import { stripTypes } from '../src/tool/strip.ts';
import { readSource } from '../src/tool/tree.ts';
import { makeTemporary } from './rig.ts';

const SOURCE = path.join(__dirname, '..', '..', '..', 'src');

export const PAGE_FOLDER = path.join(SOURCE, 'page');

/** In the order in which the page has them. */
export const CHART_SCRIPTS = ['chartbase.js', 'chartcurves.js', 'chartpoints.js', 'charttime.js', 'chartgraph.js', 'chartimages.js'];

/** Numbers in 0..1, the same each time. */
export function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

function policyHash(text: string): string {
  return "'sha256-" + crypto.createHash('sha256').update(text, 'utf8').digest('base64') + "'";
}

/** A page under the policy of the report that has the drawings and runs `script`; gives its file. */
export function writeChartPage(script: string): string {
  const read = (name: string): string => fs.readFileSync(path.join(PAGE_FOLDER, name), 'utf8');
  const layers = path.join(SOURCE, 'core', 'layers.ts');
  const code = '(function () {\n' + stripTypes(readSource(layers, 'layers.ts')) + CHART_SCRIPTS.map(read).join('') + script + '\n})();';
  const style = (fs.existsSync(path.join(PAGE_FOLDER, 'report.css')) ? read('report.css') : '') + read('charts.css');
  const policy = "default-src 'none'; script-src " + policyHash(code) + '; style-src ' + policyHash(style) + "; img-src data:; base-uri 'none'; form-action 'none'";
  const file = path.join(makeTemporary(), 'charts.html');
  fs.writeFileSync(file, '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="' + policy + '">'
    + '<meta name="viewport" content="width=device-width, initial-scale=1"><title>Charts</title><style>' + style + '</style></head><body><script>' + code + '</script></body></html>');
  return file;
}
