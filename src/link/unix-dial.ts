import type { Clock } from '../base/clock.ts';
import { systemCodeOf } from '../base/errors.ts';
import type { Carrier, Dial } from './carrier.ts';
import { attemptFailedBy, attemptTimedOut, type DialAttempt, DialFailure } from './dial-failure.ts';
import type { SocketFactory } from './socket-factory.ts';
import { isUsableUnixPath, MAX_UNIX_PATH_BYTES } from './unix-path.ts';

/** A dial to a unix socket; it rejects with a `DialFailure`. */
export function unixDial(clock: Clock, sockets: SocketFactory, path: string): Dial {
  return (signal) =>
    new Promise((resolve, reject) => connect(clock, sockets, path, { signal, resolve, reject }));
}

interface Outcome {
  readonly signal: AbortSignal;
  resolve(carrier: Carrier): void;
  reject(failure: DialFailure): void;
}

function connect(clock: Clock, sockets: SocketFactory, path: string, outcome: Outcome): void {
  const label = `unix ${path}`;
  const startedMs = clock.now();
  if (!isUsableUnixPath(path)) {
    const what = `is not a path of 1..${MAX_UNIX_PATH_BYTES} bytes`;
    outcome.reject(new DialFailure([{ target: label, kind: 'other', what }]));
    return;
  }
  const { socket, connected } = sockets.dialling();
  const stop = (): void => fail(attemptTimedOut(label, clock.now() - startedMs));
  const fail = (attempt: DialAttempt): void => {
    outcome.signal.removeEventListener('abort', stop);
    socket.destroy();
    outcome.reject(new DialFailure([attempt]));
  };
  const onError = (error: Error): void => fail(unixAttemptFailedBy(label, error));
  outcome.signal.addEventListener('abort', stop, { once: true });
  socket.once('error', onError);
  socket.once('connect', () => {
    outcome.signal.removeEventListener('abort', stop);
    socket.removeListener('error', onError);
    outcome.resolve(connected({ label, localAddress: undefined, isResettable: false }));
  });
  if (outcome.signal.aborted) stop();
  else socket.connect({ path });
}

/** A socket file that is not there says the same as one without a listener: nobody listens. */
function unixAttemptFailedBy(target: string, error: Error): DialAttempt {
  const attempt = attemptFailedBy(target, error);
  return systemCodeOf(error) === 'ENOENT' ? { ...attempt, kind: 'refused' } : attempt;
}
