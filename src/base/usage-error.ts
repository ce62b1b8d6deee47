import { EtError, messageOf } from './errors.ts';

/** A mistake on the command line, said in one line: what is wrong with which flag, and what to write. */
export function usageError(message: string, cause?: unknown): EtError {
  return new EtError('ET_ERR_USAGE', message, { cause });
}

/** Runs `read` and puts what it objects to, with its advice, into one line about `name`. */
export function asUsageOf<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const advice = error instanceof EtError ? error.advice : undefined;
    const text = advice === undefined ? messageOf(error) : `${messageOf(error)}: ${advice}`;
    throw usageError(`${name}: ${text}`, error);
  }
}
