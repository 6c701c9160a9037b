// saidmetadata.ts - facts of a project as a person gives them on the command line: FACT=TEXT. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { isPlainText, trimBlanks } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { emptyTold } from '../core/metadata.ts';
import type { Creator, ToldMetadata } from '../core/metadata.ts';
import { normalizeLicense } from './license.ts';
import { dayIn, normalizeDoi, normalizeOrcid, personOf } from './metadatafile.ts';
import { makeHarmless } from './percent.ts';

const SAID_FACTS = ['title', 'description', 'version', 'license', 'doi', 'repository', 'url', 'released', 'keyword', 'author', 'organisation'];

/** 'Family, Given 0000-0002-1825-0097 <name@example.org>': ORCID and address may be there, in any order. */
function readSaidCreator(text: ByteString, kind: Creator['kind']): Creator | undefined {
  let name = text;
  const take = (pattern: RegExp): ByteString | undefined => {
    const found = pattern.exec(name);
    if (found !== null) name = name.replace(found[0], ' ');
    return found?.[1];
  };
  const email = take(/<([^<>\s][^<>\s@]*@[^<>\s]+)>/);
  const orcid = take(/(?:^|\s)((?:https:\/\/orcid\.org\/)?\d{4}-\d{4}-\d{4}-\d{3}[\dX])(?=$|\s)/);
  name = trimBlanks(name.replace(/[ \t\n]+/g, ' '));
  const comma = kind === 'person' ? /^([^,]+), *([^ ,][^,]*)$/.exec(name) : null;
  const creator = comma !== null ? personOf(comma[2], comma[1], undefined) : name === '' ? undefined : { kind, name };
  if (creator === undefined) return undefined;
  if (email !== undefined) creator.email = email;
  if (orcid !== undefined) creator.orcid = normalizeOrcid(orcid);
  return creator;
}

/** Throws Failure for a word that is no fact, and for a text that cannot be one. */
export function readSaidMetadata(settings: ByteString[]): ToldMetadata {
  const told = emptyTold();
  for (const setting of settings) {
    const sign = setting.indexOf('=');
    const [fact, text] = [setting.slice(0, Math.max(sign, 0)), trimBlanks(setting.slice(sign + 1))];
    const refuse = (why: string, hint = ''): never => { throw new Failure('cannot use --set "' + makeHarmless(setting) + '": ' + why, hint, EXIT.usage); };
    if (sign < 0) refuse('not FACT=TEXT', 'write --set title=TEXT');
    if (SAID_FACTS.indexOf(fact) < 0) refuse('no such fact', 'FACT=TEXT, where FACT is one of ' + SAID_FACTS.join(', '));
    if (text === '' || !isPlainText(text)) refuse(text === '' ? 'no text' : 'the text is not UTF-8, or has a control character in it');
    const plain = text.replace(/[ \t\n]+/g, ' ');
    switch (fact) {
      case 'title': case 'version': case 'url': case 'repository': told[fact] = plain; break;
      case 'description': told.description = text; break;
      case 'license': told.license = plain.split(' OR ').map(normalizeLicense).join(' OR '); break;
      case 'doi': told.doi = normalizeDoi(plain) ?? refuse('no DOI'); break;
      case 'released': told.released = dayIn(plain) ?? refuse('no day as YYYY-MM-DD'); break;
      case 'keyword': told.keywords.push(plain); break;
      default: told.creators.push(readSaidCreator(text, fact === 'author' ? 'person' : 'organisation') ?? refuse('no name'));
    }
    told.sources.set(fact === 'keyword' ? 'keywords' : fact === 'author' || fact === 'organisation' ? 'creators' : fact, '--set');
  }
  return told;
}
