// recordtargets.ts - records and what lies beside them, for the fuzzer.
import { decodeText, encodeText, encodeWord, makeHarmless } from '../../src/formats/percent.ts';
import type { FuzzTarget } from './target.ts';
import { claimSame, failCase } from './target.ts';

export const RECORD_TARGETS: FuzzTarget[] = [
  {
    name: 'percent',
    corpus: () => ['a b', 'x%41', '\\', 'caf\xc3\xa9', '\xff', ' a', 'a '],
    dictionary: ['%', '%0A', '%zz', '\\', '\xe2\x80\xae', ' '],
    check: (input) => {
      claimSame('decodeText(encodeText(x)) is x', decodeText(encodeText(input)), input);
      claimSame('decodeText(encodeWord(x)) is x', decodeText(encodeWord(input)), input);
      decodeText(input);
      if (/[\0-\x1f\x7f]/.test(makeHarmless(input))) failCase('makeHarmless() leaves no control character', makeHarmless(input));
    },
  },
];
