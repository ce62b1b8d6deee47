import type { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { attemptFailedBy, attemptTimedOut, type DialAttempt, DialFailure } from './dial-failure.ts';

/** What a step of a dial goes over, and what it is called when it fails. */
export interface DialStepPlace {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Connected. It is destroyed when the step fails. */
  readonly socket: Socket;
  /** For people: `wss://host/path`, `proxy squid:3128`. */
  readonly target: string;
}

/** How a step ends; what is said after the first of them counts for nothing. */
export interface DialStepEnd<T> {
  readonly done: (value: T) => void;
  readonly fail: (attempt: DialAttempt) => void;
}

/**
 * One step of a dial over a connection that is there: a tunnel, TLS, an upgrade. It ends when `begin` says so, when the connection
 * does, or when it is given up. Whatever fails it, the socket is gone afterwards. Rejects with a `DialFailure`.
 */
export function dialStep<T>(
  { clock, signal, socket, target }: DialStepPlace,
  begin: (end: DialStepEnd<T>) => void,
): Promise<T> {
  const startedMs = clock.now();
  return new Promise((resolve, reject) => {
    let isOver = false;
    const end = (): boolean => {
      if (isOver) return false;
      isOver = true;
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
      return true;
    };
    const fail = (attempt: DialAttempt): void => {
      if (!end()) return;
      socket.destroy();
      reject(new DialFailure([attempt]));
    };
    const onAbort = (): void => fail(attemptTimedOut(target, clock.now() - startedMs));
    const onError = (error: Error): void => fail(attemptFailedBy(target, error));
    const onClose = (): void => fail({ target, kind: 'other', what: 'closed the connection' });
    const done = (value: T): void => {
      if (end()) resolve(value);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onError);
    socket.on('close', onClose);
    if (signal.aborted) onAbort();
    else if (socket.destroyed) onClose();
    else begin({ done, fail });
  });
}
