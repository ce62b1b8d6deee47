import type { Clock } from '../base/clock.ts';
import { systemCodeOf } from '../base/errors.ts';
import { attemptFailedBy, attemptTimedOut, type DialAttempt, DialFailure } from './dial-failure.ts';
import type { SocketDialling } from './socket-factory.ts';
import { isUsableUnixPath, MAX_UNIX_PATH_BYTES } from './unix-path.ts';

/** A dial to a unix socket; it rejects with a `DialFailure`. */
export function unixDial<Owner>(
  clock: Clock,
  sockets: SocketDialling<Owner>,
  path: string,
): (signal: AbortSignal) => Promise<Owner> {
  return (signal) =>
    new Promise((resolve, reject) => connect(clock, sockets, path, { signal, resolve, reject }));
}

interface Outcome<Owner> {
  readonly signal: AbortSignal;
  resolve(owner: Owner): void;
  reject(failure: DialFailure): void;
}

function connect<Owner>(
  clock: Clock,
  sockets: SocketDialling<Owner>,
  path: string,
  outcome: Outcome<Owner>,
): void {
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
