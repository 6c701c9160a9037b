// mediatypes.ts - the media type of a file by its name (IANA's registry; "x-" where it has none). Looks at no content.
import type { ByteString } from '../core/bytes.ts';

// One type and the endings that mean it and nothing else that is common.
const MEDIA_TYPES: { [type: string]: string } = {
  'text/plain': 'txt text log out err order rec md5 sha256', 'text/csv': 'csv', 'text/tab-separated-values': 'tsv', 'text/html': 'html htm', 'text/css': 'css',
  'text/markdown': 'md markdown', 'text/x-diff': 'patch diff', 'text/x-python': 'py', 'text/x-r': 'r', 'text/x-c': 'c h', 'text/x-c++': 'cpp cc cxx hpp', 'text/x-fortran': 'f f90 f95 for',
  'text/javascript': 'js mjs', 'text/x-sh': 'sh', 'text/x-tex': 'tex', 'application/x-bibtex': 'bib', 'text/x-julia': 'jl', 'text/x-perl': 'pl pm', 'text/x-awk': 'awk',
  'application/json': 'json', 'application/ld+json': 'jsonld', 'application/jsonl': 'jsonl ndjson', 'application/yaml': 'yaml yml', 'application/toml': 'toml', 'application/xml': 'xml',
  'application/x-ipynb+json': 'ipynb', 'application/pdf': 'pdf', 'application/postscript': 'ps eps', 'application/zip': 'zip', 'application/gzip': 'gz', 'application/x-tar': 'tar',
  'application/x-bzip2': 'bz2', 'application/x-xz': 'xz', 'application/zstd': 'zst', 'application/vnd.sqlite3': 'sqlite sqlite3', 'application/x-hdf5': 'h5 hdf5', 'application/x-netcdf': 'nc',
  'application/vnd.apache.parquet': 'parquet', 'application/fits': 'fits', 'application/wasm': 'wasm', 'application/geo+json': 'geojson',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx', 'application/vnd.oasis.opendocument.spreadsheet': 'ods',
  'image/png': 'png', 'image/jpeg': 'jpg jpeg', 'image/gif': 'gif', 'image/svg+xml': 'svg', 'image/tiff': 'tif tiff', 'image/webp': 'webp', 'image/bmp': 'bmp',
  'audio/wav': 'wav', 'audio/mpeg': 'mp3', 'video/mp4': 'mp4', 'video/webm': 'webm',
};

const TYPE_OF_ENDING = new Map<string, string>();
for (const type of Object.keys(MEDIA_TYPES)) for (const ending of MEDIA_TYPES[type].split(' ')) TYPE_OF_ENDING.set(ending, type);

/** Of 'figures/co2.svg' 'image/svg+xml'; undefined for an ending that is not in the table. */
export function mediaTypeOf(path: ByteString): string | undefined {
  const parts = /[^/]\.([A-Za-z0-9]{1,10})$/.exec(path);
  return parts === null ? undefined : TYPE_OF_ENDING.get(parts[1].toLowerCase());
}
