// variables.ts - environment variables that change results. Knows no values.

/**
 * Variables that change results and mean the same on every machine. A record holds those that were
 * set; who repeats the run sets them and unsets the others of the list (docs/rr.1, VARIABLES).
 */
export const REPLAYED_VARIABLES = [
  'LANG', 'LANGUAGE', 'LC_ALL', 'LC_CTYPE', 'LC_COLLATE', 'LC_MESSAGES', 'LC_MONETARY', 'LC_NUMERIC', 'LC_TIME', 'TZ',
  'OMP_NUM_THREADS', 'OMP_PROC_BIND', 'OMP_SCHEDULE', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'BLIS_NUM_THREADS',
  'NUMEXPR_NUM_THREADS', 'VECLIB_MAXIMUM_THREADS', 'JULIA_NUM_THREADS', 'PYTHONHASHSEED', 'PYTHONUTF8',
  'PYTHONOPTIMIZE', 'R_DEFAULT_PACKAGES', 'SOURCE_DATE_EPOCH', 'MALLOC_PERTURB_', 'POSIXLY_CORRECT', 'GSL_RNG_SEED',
  'GSL_RNG_TYPE', 'CUBLAS_WORKSPACE_CONFIG',
];
