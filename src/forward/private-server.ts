import { chmodSync } from 'node:fs';
import { Server } from 'node:net';
import { umask } from 'node:process';

/** Not 0177: while it holds, a thread of Node's may make a directory of somebody else's, which could then not be entered. */
const PRIVATE_UMASK = 0o077;
/** As with ssh's StreamLocalBindMask. */
const PRIVATE_MODE = 0o600;

/** A server whose socket file is the user's alone from its first moment on, each time that it listens. */
export class PrivateServer extends Server {
  /** bind(2) happens within the call, so that the socket is never open to others. */
  override listen(...args: unknown[]): this {
    const before = umask(PRIVATE_UMASK);
    try {
      super.listen(...(args as [where: object, onListening: () => void]));
    } finally {
      umask(before);
    }
    const { path } = args[0] as { readonly path?: string };
    if (this.listening && path !== undefined) makeTidy(path);
    return this;
  }
}

/** Only for the looks of it: a socket cannot be executed. */
function makeTidy(path: string): void {
  try {
    chmodSync(path, PRIVATE_MODE);
  } catch {
    // It was removed in this very moment, or the file system knows no modes.
  }
}
