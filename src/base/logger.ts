import { printable } from './printable.ts';

/** How much is said: 0 only what the user must know, 1 `-v` events, 2 `-vv` decisions, 3 `-vvv` every record. */
export type LogLevel = 0 | 1 | 2 | 3;

/** Where diagnostics go. Never keys, never bytes of a terminal. */
export interface Logger {
  readonly level: LogLevel;
  /** Writes one line when `level` is at least `atLevel`. */
  log(atLevel: LogLevel, message: string): void;
}

export const silentLogger: Logger = { level: 0, log: () => undefined };

/** A logger that hands each line, with the milliseconds since its making in front, to `write`. */
export function lineLogger(
  level: LogLevel,
  nowMs: () => number,
  write: (line: string) => void,
): Logger {
  const startedMs = nowMs();
  return {
    level,
    log(atLevel, message) {
      if (atLevel > level) return;
      write(`${((nowMs() - startedMs) / 1000).toFixed(3).padStart(9)} ${printable(message)}\n`);
    },
  };
}
