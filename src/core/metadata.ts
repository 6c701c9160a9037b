// metadata.ts - what is known of a project as a publication: title, authors, license. Knows no files and no spelling.
import type { ByteString } from './bytes.ts';

/** Who made it: a person, or an organisation that has only a name. Texts are UTF-8. */
export type Creator = {
  kind: 'person' | 'organisation';
  /** Of a person as it is spelled in full: given and family name. */
  name: ByteString;
  given?: ByteString;
  family?: ByteString;
  /** 'https://orcid.org/0000-0002-1825-0097' */
  orcid?: ByteString;
  email?: ByteString;
  affiliation?: ByteString;
};

/** Where a fact stands, for messages: 'CITATION.cff:3', 'LICENSE', 'git log'. */
export type MetadataSource = ByteString;

/** Facts that no file tells are undefined or empty, never guessed. */
export type ProjectMetadata = {
  title?: ByteString;
  description?: ByteString;
  version?: ByteString;
  creators: Creator[];
  /** Identifier of the SPDX list, exact case: 'MIT', 'GPL-3.0-or-later'; of several that one may choose from 'Apache-2.0 OR MIT'. */
  license?: ByteString;
  keywords: ByteString[];
  /** Without 'https://doi.org/': '10.5281/zenodo.1234'. */
  doi?: ByteString;
  /** URL of the repository of the code, without credentials. */
  repository?: ByteString;
  /** Page about it. */
  url?: ByteString;
  /** YYYY-MM-DD */
  released?: string;
  /** Where each fact that is there was found, by the name of its field here. */
  sources: Map<string, MetadataSource>;
  /** What is there and does not tell a fact for certain, or tells it only by the way: a sentence each, without a full stop. */
  doubts: ByteString[];
};

/** A project of which nothing is known. */
export function emptyMetadata(): ProjectMetadata {
  return { creators: [], keywords: [], sources: new Map(), doubts: [] };
}
