import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';

/** What shall run, and what has to be true before it does. */
export interface LaunchRequest {
  readonly file: string;
  readonly args: readonly string[];
  /** What the program sees as its own name; a login shell's begins with a dash. */
  readonly argv0: string;
  /** The terminal that becomes standard input, output, error, and controlling terminal. */
  readonly tty?: string | undefined;
  /** Words for stty, applied to `tty` before the program starts: `iutf8`. */
  readonly modes?: readonly string[] | undefined;
  /** The soft limit of open descriptors: Node raises its own to the hard one, and children would inherit that. */
  readonly openFiles?: number | undefined;
}

/** What is given to `spawn`. */
export interface LaunchPlan {
  readonly file: string;
  readonly args: readonly string[];
  readonly argv0: string;
  /** True when the launcher expects standard error as descriptor 3, so that it says nothing there itself. */
  readonly errorOnThree: boolean;
}

/**
 * $1 terminal, $2 limit, $3 modes, $4 argv[0], $5 file, then its arguments. No variable of its own
 * outlives it, and bash's own additions to the environment are taken back. The session leader's
 * opening of a terminal makes it the controlling one. Every other descriptor is closed, since
 * terminal masters cannot be made close-on-exec from Node.
 */
const BASH_SCRIPT = `if [ -n "$1" ]; then exec 0<>"$1" 1>&0 2>&0 || exit 126; else exec 2>&3; fi
for EVERTERM_FD in /dev/fd/*; do case \${EVERTERM_FD##*/} in [012] | *[!0-9]*) ;; *) eval "exec \${EVERTERM_FD##*/}>&-" ;; esac; done
[ -z "$2" ] || ulimit -S -n "$2" 2>/dev/null
[ -z "$3" ] || command -p stty $3 2>/dev/null
shift 3
unset EVERTERM_FD PWD OLDPWD _
exec -a "$@"`;

/** For systems without bash: argv[0] stays the file's name, and descriptors above 9 stay open. */
const SH_SCRIPT = `if [ -n "$1" ]; then exec 0<>"$1" 1>&0 2>&0 || exit 126; else exec 2>&3 3>&-; fi
[ -z "$2" ] || ulimit -S -n "$2" 2>/dev/null
[ -z "$3" ] || command -p stty $3 2>/dev/null
shift 4
exec "$@"`;

const BASH_PATHS = ['/bin/bash', '/usr/bin/bash', '/usr/local/bin/bash', '/opt/homebrew/bin/bash'];

/** The first bash there is. */
export function findBash(paths: readonly string[] = BASH_PATHS): string | undefined {
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Plans the start of a program through a launcher; `bash` is where bash is, empty when nowhere. */
export function planLaunch(request: LaunchRequest, bash: string): LaunchPlan {
  const { file, args, argv0, tty, modes, openFiles } = request;
  const head = [
    tty ?? '',
    openFiles === undefined ? '' : String(openFiles),
    (modes ?? []).join(' '),
  ];
  const errorOnThree = tty === undefined;
  if (bash !== '') {
    // -p: neither BASH_ENV nor functions from the environment are read.
    const own = ['--norc', '--noprofile', '-p', '-c', BASH_SCRIPT, 'everterm'];
    return {
      file: bash,
      args: [...own, ...head, argv0, file, ...args],
      argv0: 'bash',
      errorOnThree,
    };
  }
  const login = argv0.startsWith('-') ? ['-l'] : [];
  const rest = [...head, argv0, file, ...login, ...args];
  return {
    file: '/bin/sh',
    args: ['-c', SH_SCRIPT, 'everterm', ...rest],
    argv0: 'sh',
    errorOnThree,
  };
}

/** The start of a program without a launcher: two processes' worth of time cheaper. */
export function planDirect(request: LaunchRequest): LaunchPlan {
  const { file, args, argv0 } = request;
  return { file, args, argv0, errorOnThree: false };
}

const O_CLOEXEC = 0o200_0000;

/** True when a child would inherit some descriptor above 2. Only Linux can tell, and only there do they leak. */
export function hasInheritableDescriptors(): boolean {
  let names: string[];
  try {
    names = readdirSync('/proc/self/fdinfo');
  } catch {
    return false;
  }
  return names.some((name) => Number(name) > 2 && isInheritable(name));
}

function isInheritable(name: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/mu.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'latin1'));
    return flags?.[1] !== undefined && (Number.parseInt(flags[1], 8) & O_CLOEXEC) === 0;
  } catch {
    // It was the descriptor of the listing itself.
    return false;
  }
}
