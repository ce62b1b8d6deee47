/** How a process ended: exactly one of the two is given. */
export interface ExitStatus {
  /** 0 .. 255. */
  readonly status: number | undefined;
  /** Without SIG, as on the wire: `KILL`. */
  readonly signal: string | undefined;
}

/** From what a child process's `exit` event says. */
export function exitStatusOf(code: number | null, signal: string | null): ExitStatus {
  if (signal !== null && signal !== '') {
    return { status: undefined, signal: signal.replace(/^SIG/u, '') };
  }
  return { status: code ?? 0, signal: undefined };
}
