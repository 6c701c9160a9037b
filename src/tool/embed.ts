// embed.ts - writes the modules of src/views that hold scripts of src, because rr.js has to be one file.
import * as crypto from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { stripTypes } from './strip.ts';
import { readSource } from './tree.ts';

// A script is best read, changed and checked in its own language; so it is the source, and what is
// written here is not committed. rerun.sh names the variables of core/variables.ts by a mark.

const VARIABLE_MARKS = ['REPLAYED_VARIABLES', 'REFUSED_VARIABLES', 'REFUSED_PREFIXES'];

/** The text as the inside of a template literal. */
function escapeText(script: string): string {
  return script.replace(/[\\`]|\$\{/g, '\\$&');
}

/** TypeScript that exports the script's text as RERUN_SCRIPT. */
export function printScriptModule(script: string): string {
  const escaped = VARIABLE_MARKS.reduce((text, name) => text.replace('@' + name + '@', '${' + name + ".join(' ')}"), escapeText(script));
  return '// rerunscript.ts - provenance/rerun.sh as a text. Made from src/rerun.sh by make.\n'
    + "import { REFUSED_PREFIXES, REFUSED_VARIABLES, REPLAYED_VARIABLES } from '../core/variables.ts';\n\n"
    + '/** The whole file: static, the same in every project. */\n'
    + 'export const RERUN_SCRIPT = `' + escaped + '`;\n';
}

/** TypeScript that exports the texts of src/completion.bash, .zsh, .fish and .sh, in this order. */
export function printCompletionModule(bash: string, zsh: string, fish: string, records: string): string {
  return '// completionscripts.ts - completion for three shells as texts, with marks. Made from src/completion.* by make.\n\n'
    + 'export const BASH_COMPLETION = `' + escapeText(bash) + '`;\n\n'
    + 'export const ZSH_COMPLETION = `' + escapeText(zsh) + '`;\n\n'
    + 'export const FISH_COMPLETION = `' + escapeText(fish) + '`;\n\n'
    + '/** A program of sh that all three run to read records. */\n'
    + 'export const COMPLETION_RECORDS = `' + escapeText(records) + '`;\n';
}

/** What a Content-Security-Policy calls a text by. */
function sourceHash(text: string): string {
  return 'sha256-' + crypto.createHash('sha256').update(text, 'utf8').digest('base64');
}

/** TypeScript that exports the script and the style of the page of rr report, and the names by which the page allows them. */
export function printReportModule(scripts: string[], styles: string[]): string {
  const script = "'use strict';\n(function () {\n" + scripts.join('\n') + '})();\n';
  const style = styles.join('\n');
  return '// reportscripts.ts - script and style of the page of rr report as texts. Made from src/page by make.\n\n'
    + '/** Stands in the page as it is: it holds no end of a script. */\n'
    + 'export const REPORT_SCRIPT = `' + escapeText(script) + '`;\n\n'
    + 'export const REPORT_SCRIPT_HASH = \'' + sourceHash(script) + '\';\n\n'
    + 'export const REPORT_STYLE = `' + escapeText(style) + '`;\n\n'
    + 'export const REPORT_STYLE_HASH = \'' + sourceHash(style) + '\';\n';
}

/** In this order; they share one scope. Before them stands src/core/layers.ts, without its types: one way to place a graph. */
const PAGE_SCRIPTS = ['chartbase.js', 'chartcurves.js', 'chartpoints.js', 'charttime.js', 'chartgraph.js', 'chartimages.js', 'data.js', 'table.js', 'views.js', 'report.js'];
const PAGE_STYLES = ['report.css', 'charts.css'];

/** Writes the modules unless they are there already, so that nothing is compiled again for them. */
function embed(src: string): void {
  const read = (name: string): string => fs.readFileSync(path.join(src, name), 'utf8');
  const write = (name: string, text: string): void => {
    const target = path.join(src, 'views', name);
    if (!fs.existsSync(target) || fs.readFileSync(target, 'utf8') !== text) fs.writeFileSync(target, text);
  };
  write('rerunscript.ts', printScriptModule(read('rerun.sh')));
  write('completionscripts.ts', printCompletionModule(read('completion.bash'), read('completion.zsh'), read('completion.fish'), read('completion.sh')));
  const page = (names: string[]): string[] => names.filter((name) => fs.existsSync(path.join(src, 'page', name))).map((name) => read('page/' + name));
  const layers = stripTypes(readSource(path.join(src, 'core/layers.ts'), 'src/core/layers.ts'));
  write('reportscripts.ts', printReportModule([layers].concat(page(PAGE_SCRIPTS)), page(PAGE_STYLES)));
}

if (require.main === module) embed(process.argv[2] ?? 'src');
