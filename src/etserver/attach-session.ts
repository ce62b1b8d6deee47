import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import { ownStdioCarrier } from '../link/own-stdio.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { unixDial } from '../link/unix-dial.ts';
import type { OwnSessions } from '../registry/own-sessions.ts';
import { joinCarriers } from './connect.ts';
import { closeStandard, writeAll } from './stdio.ts';

/** For the last bytes to be written, in milliseconds. */
const LEAVE_MS = 200;

export interface AttachSessionDeps {
  readonly clock: Clock;
  readonly own: Pick<OwnSessions, 'attach'>;
  readonly socketOf: (id: string) => string;
  readonly exit: (status: number) => void;
}

/**
 * Answers a request of bootstrap by a session that runs already: its reply, with keys for the client alone, then this process's standard
 * input and output as a road to it.
 *
 * @throws {EtError} ET_ERR_BOOTSTRAP when it does not answer
 */
export async function attachSession(deps: AttachSessionDeps, id: string): Promise<void> {
  const { clock, own, socketOf, exit } = deps;
  const answer = await own.attach(id);
  const reply = typeof answer === 'object' && answer !== null ? Object(answer).reply : undefined;
  if (typeof reply !== 'string') {
    throw new EtError('ET_ERR_BOOTSTRAP', `session ${id.slice(0, 8)} does not answer`, {
      advice: 'etserver ls on the host shows those that do',
    });
  }
  const server = await unixDial(
    clock,
    new SocketFactory(clock),
    socketOf(id),
  )(new AbortController().signal);
  writeAll(1, reply);
  closeStandard(2);
  const leave = (): void => void clock.schedule(LEAVE_MS, () => exit(0));
  const stdio = ownStdioCarrier(clock, 'ssh-stdio');
  if (stdio === undefined) {
    server.close();
    leave();
  } else {
    joinCarriers(stdio, server, leave);
  }
}
