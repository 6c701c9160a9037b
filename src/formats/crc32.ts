// crc32.ts - the checksum of PNG and zip (ISO 3309, polynomial EDB88320). Knows neither.

let crcTable: Uint32Array | undefined;

// Made at first use: most runs of rr need none.
function findCrcTable(): Uint32Array {
  if (crcTable !== undefined) return crcTable;
  const table = new Uint32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    table[byte] = value;
  }
  // The next three tables are what a byte does one, two and three bytes later, so that four are taken at once.
  for (let i = 256; i < 4 * 256; i++) table[i] = (table[i - 256] >>> 8) ^ table[table[i - 256] & 255];
  crcTable = table;
  return table;
}

/** The CRC-32 of bytes [from, until), 0 to 2^32 - 1; `before`: that of bytes that stand before them. */
export function crc32(bytes: Uint8Array, from: number, until: number, before = 0): number {
  const table = findCrcTable();
  let crc = before ^ 0xffffffff;
  let at = from;
  for (; at + 4 <= until; at += 4) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    crc = table[768 + (crc & 255)] ^ table[512 + ((crc >>> 8) & 255)] ^ table[256 + ((crc >>> 16) & 255)] ^ table[crc >>> 24];
  }
  for (; at < until; at++) crc = table[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
