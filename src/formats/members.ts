// members.ts - two archives compared member by member, whatever their format. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { compareBytes } from '../core/bytes.ts';
import type { Cause, Comparison } from '../core/comparison.ts';
import { groupDigits, tellDiffering } from './amounts.ts';
import { areSameBytes } from './bytewindow.ts';
import { crc32 } from './crc32.ts';
import { makeHarmless } from './percent.ts';
import type { InflateAtMost } from './png.ts';

/** Something that an archive holds. */
export type Member = {
  name: ByteString;
  /** "file", "folder", "link to TARGET", ...: must be the same in both. */
  type: ByteString;
  /** The permissions, 0 to 07777; undefined where the archive has none. */
  mode: number | undefined;
  /** What may differ without a difference in what is held: name of a fact, in the plural where it counts, and its value. */
  facts: Map<string, ByteString>;
  packed: Uint8Array;
  /** "stored", "deflated", or what else must be the same for the same packed bytes to be the same content. */
  packing: ByteString;
  sizeBytes: number;
  /** Of the content, where the archive has it. */
  crc: number | undefined;
  /** Why the content cannot be had, where it is neither stored nor deflated. */
  obstacle: string;
};

/** `facts` are those of the archive as a whole, as a member has them. */
export type Archive = { members: Member[]; facts: Map<string, ByteString> };

export type ArchiveReading = { kind: 'archive'; archive: Archive } | { kind: 'unreadable'; why: string };

/** How much more may be looked at and unpacked, by all comparisons inside of one together. */
export type UnpackBudget = { membersLeft: number; bytesLeft: number };

export type MemberContext = {
  inflateRaw: InflateAtMost;
  budget: UnpackBudget;
  /** Compares two contents that are not the same bytes. */
  compareMember(name: ByteString, first: Uint8Array, second: Uint8Array): Comparison;
};

type Findings = {
  missing: ByteString[];
  extra: ByteString[];
  different: ByteString[];
  unchecked: ByteString[];
  /** Rules by which members are equivalent, and these members. */
  rules: Map<ByteString, ByteString[]>;
  facts: Set<string>;
  causes: Set<Cause>;
  compared: number;
};

const MOST_MEMBERS_NAMED = 3;
const MOST_FACTS_NAMED = 8;
const LONGEST_MEMBER_DETAIL = 200;
const LONGEST_FACT = 80;

/**
 * Two archives of the same format. Names, types, permissions and contents must be the same, contents
 * by the rules of their kinds; facts and the order of members need not, but are named. A name that is
 * there more than once stands for its first, second, ... member. The two are not the same bytes.
 */
export function compareMembers(format: string, first: Archive, second: Archive, context: MemberContext): Comparison {
  const { budget } = context;
  const count = first.members.length + second.members.length;
  if (count > budget.membersLeft) return { kind: 'unchecked', why: 'the archives have ' + groupDigits(count) + ' members, more than are compared' };
  budget.membersLeft -= count;
  const [mine, theirs] = [keyMembers(first.members), keyMembers(second.members)];
  const found: Findings = { missing: [], extra: [], different: [], unchecked: [], rules: new Map(), facts: new Set(), causes: new Set(), compared: 0 };
  for (const [key, member] of theirs) if (!mine.has(key)) found.extra.push(member.name);
  for (const key of Array.from(mine.keys()).sort(compareBytes)) {
    const other = theirs.get(key);
    if (other === undefined) found.missing.push(mine.get(key)!.name);
    else compareMemberPair(mine.get(key)!, other, context, found);
  }
  compareMemberFacts(first.facts, second.facts, found.facts);
  const [order, otherOrder] = [Array.from(mine.keys()).filter((key) => theirs.has(key)), Array.from(theirs.keys()).filter((key) => mine.has(key))];
  if (order.some((key, i) => key !== otherOrder[i])) found.facts.add('order of members');
  return judgeFindings(format, found);
}

function judgeFindings(format: string, found: Findings): Comparison {
  const rule = format + ' by member';
  const { missing, extra, different, unchecked, rules } = found;
  if (missing.length + extra.length + different.length > 0) {
    const parts = [
      different.length === 0 ? '' : groupDigits(different.length) + ' of ' + groupDigits(found.compared) + ' members differ' + (different.length === 1 ? 's' : '') + ': ' + listMembers(different, '; '),
      missing.length === 0 ? '' : 'only in the first: ' + listMembers(missing.map(quoteMember), ', '),
      extra.length === 0 ? '' : 'only in the second: ' + listMembers(extra.sort(compareBytes).map(quoteMember), ', '),
    ];
    return { kind: 'different', rule, detail: parts.filter((part) => part !== '').join('; '), causes: Array.from(found.causes).sort() };
  }
  if (unchecked.length > 0) return { kind: 'unchecked', why: listMembers(unchecked, '; ') };
  // Some are named by the archive.
  const facts = Array.from(found.facts).sort(compareBytes).map((fact) => makeHarmless(fact.length > LONGEST_FACT ? fact.slice(0, LONGEST_FACT) + '...' : fact));
  const differ = facts.length > 0 ? ': ' + tellDiffering(facts, MOST_FACTS_NAMED) : rules.size > 0 ? '' : ': ' + tellDiffering(['bytes around the members'], 1);
  const lines = Array.from(rules).map(([inner, names]) => inner + ' (' + listMembers(names, ', ') + ')');
  const equivalent = Array.from(rules.values()).reduce((sum, names) => sum + names.length, 0);
  const detail = groupDigits(found.compared) + (found.compared === 1 ? ' member' : ' members') + ', ' + groupDigits(equivalent) + ' of them equivalent by kind';
  return { kind: 'equivalent', rule: [rule + differ].concat(lines.length === 0 ? [] : listMembers(lines, '; ')).join('; '), detail };
}

function quoteMember(name: ByteString): ByteString {
  return '"' + makeHarmless(name) + '"';
}

function listMembers(lines: ByteString[], between: string): ByteString {
  const shown = lines.slice(0, MOST_MEMBERS_NAMED).join(between);
  return lines.length > MOST_MEMBERS_NAMED ? shown + between + 'and ' + groupDigits(lines.length - MOST_MEMBERS_NAMED) + ' more' : shown;
}

function keyMembers(members: Member[]): Map<ByteString, Member> {
  const keyed = new Map<ByteString, Member>();
  const counts = new Map<ByteString, number>();
  for (const member of members) {
    const count = counts.get(member.name) ?? 0;
    counts.set(member.name, count + 1);
    keyed.set(String(count) + '/' + member.name, member);
  }
  return keyed;
}

function compareMemberFacts(mine: Map<string, ByteString>, theirs: Map<string, ByteString>, differing: Set<string>): void {
  for (const [name, value] of mine) if (theirs.get(name) !== value) differing.add(name);
  for (const name of theirs.keys()) if (!mine.has(name)) differing.add(name);
}

function compareMemberPair(one: Member, other: Member, context: MemberContext, found: Findings): void {
  found.compared += 1;
  compareMemberFacts(one.facts, other.facts, found.facts);
  const name = quoteMember(one.name);
  if (one.type !== other.type) {
    found.different.push(name + ' is ' + makeHarmless(one.type) + ' and ' + makeHarmless(other.type));
    return;
  }
  if (one.mode !== undefined && other.mode !== undefined && one.mode !== other.mode) {
    found.different.push(name + ' has mode ' + spellMode(one.mode) + ' and ' + spellMode(other.mode));
    return;
  }
  const comparison = compareContents(one, other, context, found.facts);
  if (comparison.kind === 'unchecked') {
    found.unchecked.push(name + ': ' + comparison.why);
  } else if (comparison.kind === 'equivalent') {
    const names = found.rules.get(comparison.rule);
    if (names === undefined) found.rules.set(comparison.rule, [name]);
    else names.push(name);
  } else if (comparison.kind === 'different') {
    const { detail } = comparison;
    found.different.push(name + ' (' + (detail.length > LONGEST_MEMBER_DETAIL ? makeHarmless(detail.slice(0, LONGEST_MEMBER_DETAIL)) + '...' : detail) + ')');
    for (const cause of comparison.causes) found.causes.add(cause);
  }
}

function spellMode(mode: number): string {
  return mode.toString(8).padStart(3, '0');
}

function compareContents(one: Member, other: Member, context: MemberContext, facts: Set<string>): Comparison {
  const isSamePacking = one.packing === other.packing && one.sizeBytes === other.sizeBytes && one.crc === other.crc;
  if (isSamePacking && areSameBytes(one.packed, other.packed)) return { kind: 'identical' };
  const contents: Uint8Array[] = [];
  for (const member of [one, other]) {
    const content = unpackMember(member, context);
    if (typeof content === 'string') return { kind: 'unchecked', why: content };
    contents.push(content);
  }
  if (areSameBytes(contents[0], contents[1])) {
    facts.add('compression');
    return { kind: 'identical' };
  }
  // The target of a link is a name, not a text.
  if (one.type !== 'file') return { kind: 'different', rule: 'byte for byte', detail: 'another ' + one.type, causes: [] };
  return context.compareMember(one.name, contents[0], contents[1]);
}

/** The content, or why it cannot be had. */
function unpackMember(member: Member, { inflateRaw, budget }: MemberContext): Uint8Array | string {
  if (member.packing === 'stored') return checkContent(member, member.packed);
  if (member.packing !== 'deflated') return member.obstacle;
  if (member.sizeBytes > budget.bytesLeft) return 'it is too large to be unpacked';
  budget.bytesLeft -= member.sizeBytes;
  const content = inflateRaw(member.packed, member.sizeBytes);
  return content === undefined ? 'it does not unpack to the size that the archive says' : checkContent(member, content);
}

function checkContent(member: Member, content: Uint8Array): Uint8Array | string {
  if (content.length !== member.sizeBytes) return 'it has not the size that the archive says';
  return member.crc !== undefined && crc32(content, 0, content.length) !== member.crc ? 'its checksum is wrong' : content;
}
