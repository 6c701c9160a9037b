// variables.ts - environment variables that change results, and those that a record may not set. Knows no values.
import type { ByteString } from './bytes.ts';

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

/**
 * Variables that nobody may declare, and that no record can have set: they say which programs,
 * libraries and modules are loaded, what a shell does before its script, or they are a shell's own
 * and cannot be set. What describes the machine is in the environment record. rerun.sh has the same
 * list (docs/rr.1, "Declared variables").
 */
export const REFUSED_VARIABLES = [
  // shells
  'PATH', 'IFS', 'ENV', 'PWD', 'OLDPWD', 'CDPATH', 'FPATH', 'ZDOTDIR', 'SHELL', 'SHELLOPTS', 'GLOBIGNORE', 'PROMPT_COMMAND', 'PS1', 'PS2',
  'PS3', 'PS4', 'TMOUT', 'OPTIND', 'OPTARG', 'OPTERR', 'LINENO', 'PPID', 'UID', 'EUID', 'GROUPS', 'RANDOM', 'SRANDOM', 'SECONDS', 'EPOCHSECONDS',
  'EPOCHREALTIME', 'FUNCNAME', 'FUNCNEST', 'PIPESTATUS', 'DIRSTACK', 'HISTCMD', 'HISTFILE', 'HISTSIZE', 'EXECSHELL', 'TRACEFD', 'HANDLED',
  'SHLVL', 'PGRP', 'USER_ID', 'GID', 'EGID', 'ERRNO', 'ARGV0', 'JOBMAX', 'MAIL', 'MAILCHECK', 'MAILPATH', 'MODULE_PATH', 'POSH_VERSION',
  // account and machine
  'HOME', 'USER', 'LOGNAME', 'TMPDIR', 'TERM', 'TERMINFO', 'TERMCAP', 'COLUMNS', 'LINES', 'DISPLAY', 'HOSTALIASES',
  // C library and linker, besides LD_* and DYLD_*
  'LIBPATH', 'SHLIB_PATH', 'GCONV_PATH', 'LOCPATH', 'NLSPATH', 'GLIBC_TUNABLES', 'RESOLV_HOST_CONF', 'LOCALDOMAIN', 'RES_OPTIONS', 'MALLOC_TRACE',
  'OPENSSL_CONF', 'OPENSSL_ENGINES', 'OPENSSL_MODULES',
  // languages
  'PYTHONPATH', 'PYTHONHOME', 'PYTHONSTARTUP', 'PYTHONUSERBASE', 'PYTHONWARNINGS', 'PYTHONBREAKPOINT', 'PYTHONINSPECT', 'PYTHONEXECUTABLE',
  'PYTHONPLATLIBDIR', 'PYTHONPYCACHEPREFIX', 'MPLCONFIGDIR', 'MATPLOTLIBRC', 'MPLBACKEND', 'IPYTHONDIR', 'PERLLIB', 'PERL5LIB', 'PERL5OPT', 'PERL5DB', 'PERL5SHELL',
  'RUBYLIB', 'RUBYOPT', 'GEM_HOME', 'GEM_PATH', 'BUNDLE_GEMFILE', 'NODE_OPTIONS', 'NODE_PATH', 'NODE_EXTRA_CA_CERTS', 'R_HOME', 'R_LIBS', 'R_LIBS_USER',
  'R_LIBS_SITE', 'R_PROFILE', 'R_PROFILE_USER', 'R_ENVIRON', 'R_ENVIRON_USER', 'R_SHARE_DIR', 'R_BROWSER', 'R_PDFVIEWER', 'JULIA_LOAD_PATH', 'JULIA_DEPOT_PATH', 'JULIA_PROJECT',
  'JULIA_BINDIR', 'JAVA_TOOL_OPTIONS', '_JAVA_OPTIONS', 'JDK_JAVA_OPTIONS', 'CLASSPATH', 'OCTAVE_PATH', 'MATLABPATH', 'PHPRC', 'PHP_INI_SCAN_DIR', 'TCLLIBPATH', 'AWKPATH',
  'AWKLIBPATH', 'GUILE_LOAD_PATH', 'EMACSLOADPATH',
  // compilers
  'CC', 'CXX', 'CPP', 'FC', 'F77', 'F90', 'LD', 'AR', 'AS', 'CFLAGS', 'CXXFLAGS', 'FFLAGS', 'FCFLAGS', 'CPPFLAGS', 'LDFLAGS', 'LDLIBS', 'CPATH', 'C_INCLUDE_PATH',
  'CPLUS_INCLUDE_PATH', 'LIBRARY_PATH', 'COMPILER_PATH', 'GCC_EXEC_PREFIX', 'PKG_CONFIG', 'PKG_CONFIG_PATH', 'PKG_CONFIG_LIBDIR', 'RUSTC', 'RUSTC_WRAPPER', 'RUSTFLAGS', 'GOFLAGS',
  'VIRTUAL_ENV', 'JAVA_HOME', 'CUDA_HOME', 'GUIX_PROFILE', 'NIX_PROFILES', 'LOADEDMODULES', 'MODULEPATH', 'NVCC_PREPEND_FLAGS', 'NVCC_APPEND_FLAGS',
  // tools that start programs which they find in a variable
  'MAKEFLAGS', 'MFLAGS', 'GNUMAKEFLAGS', 'MAKELEVEL', 'MAKEOVERRIDES', 'MAKEFILES', 'EDITOR', 'VISUAL', 'PAGER', 'BROWSER', 'LESSOPEN', 'LESSCLOSE', 'MANPAGER',
  'SSH_ASKPASS', 'SUDO_ASKPASS', 'RSYNC_RSH', 'CVS_RSH', 'TAR_OPTIONS', 'CURL_HOME', 'WGETRC', 'GDBINIT', 'STRACE_OPTS', 'GTK_PATH', 'GTK_MODULES', 'QT_PLUGIN_PATH', '_',
];

/** The same of all names that begin so. */
export const REFUSED_PREFIXES = ['rr_', 'RR_', 'LD_', 'DYLD_', '_RLD', 'BASH', 'KSH', 'MKSH', 'YASH', 'ZSH', 'GIT_', 'LUA_', 'LUA5_', 'CONDA_', 'XDG_'];

/** May a run declare a variable of this name, so that it is set when the run is repeated? */
export function isDeclarableVariable(name: ByteString): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && REFUSED_VARIABLES.indexOf(name) < 0 && !REFUSED_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Is this variable, when the run is repeated, to be as its record has it? */
export function isReplayedVariable(name: ByteString, declared: ByteString[]): boolean {
  return REPLAYED_VARIABLES.indexOf(name) >= 0 || (declared.indexOf(name) >= 0 && isDeclarableVariable(name));
}

/** Of NAME or NAME=VALUE the name and the value, if there is one. */
export function splitVariable(text: ByteString): { name: ByteString; value: ByteString | undefined } {
  const sign = text.indexOf('=');
  return sign < 0 ? { name: text, value: undefined } : { name: text.slice(0, sign), value: text.slice(sign + 1) };
}
