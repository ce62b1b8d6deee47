import { createRequire } from 'node:module';
import { EtError } from '../base/errors.ts';

/** The two calls of node-pty's addon that are used. Both ends come non-blocking, and neither is close-on-exec. */
export interface NativePty {
  open(columns: number, rows: number): { master: number; slave: number; pty: string };
  resize(master: number, columns: number, rows: number): void;
}

/** Where the addon is found: in the prebuilt package first, then in the one that compiles at installation. */
const LOADERS: readonly ((require: NodeJS.Require) => unknown)[] = [
  (require) => require('node-pty/requireBinary.js').requireBinary('pty.node'),
  (require) => require('node-pty/lib/utils.js').loadNativeModule('pty').module,
  (require) => require('node-pty/build/Release/pty.node'),
];

/**
 * Loads the addon itself. node-pty's JavaScript is left out: it loses the last output of a child
 * (microsoft/node-pty and libuv issue 4992), spins on a full terminal, and cannot set argv[0].
 */
export function loadNativePty(): NativePty {
  const require = createRequire(import.meta.url);
  const causes: unknown[] = [];
  for (const load of LOADERS) {
    try {
      return load(require) as NativePty;
    } catch (cause) {
      causes.push(cause);
    }
  }
  throw new EtError('ET_ERR_PTY', 'the terminal addon of node-pty does not load', {
    cause: causes[0],
    advice: 'install again with optional dependencies, or see "Where it runs" in the README',
  });
}
