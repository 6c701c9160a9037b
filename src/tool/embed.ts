// embed.ts - writes src/views/rerunscript.ts from src/rerun.sh, because rr.js has to be one file.
import * as fs from 'fs';
import * as path from 'path';

// sh is best read, changed and checked as sh; so src/rerun.sh is the source, and what is written
// here is not committed. The script names the variables of core/variables.ts by a mark.

const VARIABLES_MARK = '@REPLAYED_VARIABLES@';

/** TypeScript that exports the script's text as RERUN_SCRIPT. */
export function printScriptModule(script: string): string {
  const escaped = script.replace(/[\\`]|\$\{/g, '\\$&').replace(VARIABLES_MARK, "${REPLAYED_VARIABLES.join(' ')}");
  return '// rerunscript.ts - provenance/rerun.sh as a text. Made from src/rerun.sh by make.\n'
    + "import { REPLAYED_VARIABLES } from '../core/variables.ts';\n\n"
    + '/** The whole file: static, the same in every project. */\n'
    + 'export const RERUN_SCRIPT = `' + escaped + '`;\n';
}

/** Writes the module unless it is there already, so that nothing is compiled again for it. */
function embed(src: string): void {
  const target = path.join(src, 'views', 'rerunscript.ts');
  const text = printScriptModule(fs.readFileSync(path.join(src, 'rerun.sh'), 'utf8'));
  if (!fs.existsSync(target) || fs.readFileSync(target, 'utf8') !== text) fs.writeFileSync(target, text);
}

if (require.main === module) embed(process.argv[2] ?? 'src');
