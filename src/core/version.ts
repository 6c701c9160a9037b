// version.ts - which rr this is.

/** Version of this rr; package.json has the same. */
export const RR_VERSION = '0.1.0';
