import { userInfo } from 'node:os';

/** A shell as login and sshd start it. */
export interface LoginShell {
  readonly file: string;
  /** For a login on a terminal: the base name behind a dash. */
  readonly argv0: string;
}

/** The shell of the password database, else of `fallback` ($SHELL), else /bin/sh. */
export function loginShell(
  fallback: string | undefined,
  passwd: string | undefined = passwdShell(),
): LoginShell {
  const file = [passwd, fallback].find((shell) => shell?.startsWith('/')) ?? '/bin/sh';
  return { file, argv0: `-${file.slice(file.lastIndexOf('/') + 1)}` };
}

/** `undefined` for a user id without an entry, and for an empty field. */
function passwdShell(): string | undefined {
  try {
    return userInfo().shell ?? undefined;
  } catch {
    return undefined;
  }
}
