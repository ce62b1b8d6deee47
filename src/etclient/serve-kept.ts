import { toHex } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import type { SshConfig } from '../bootstrap/ssh-config.ts';
import { type Server, type SshAccess, startServer } from './begin-session.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { ClientDeps } from './client-deps.ts';
import type { ClientForwards } from './client-forwards.ts';
import type { WorkEnd } from './exit.ts';
import { serveSession } from './serve-session.ts';
import { callOf } from './way-back.ts';

/**
 * Serves a session by what is kept of it here, without a login. Where that does not let us in any more, since another client has had
 * the session meanwhile, or no road but a login leads to it, the host is asked over ssh for other keys.
 *
 * @throws {EtError} what startServer throws; ET_ERR_SESSION_GONE: then nothing is kept of it any more
 */
export async function serveKept(
  deps: ClientDeps,
  command: ConnectCommand,
  ssh: SshAccess,
  server: Server,
  config: SshConfig | undefined,
  forwards?: ClientForwards,
): Promise<WorkEnd> {
  const { session, createdMs, name } = server;
  const end = await serveSession(deps, command, ssh, server, config, forwards).ended;
  if (end.isGone === true) deps.store.remove(session);
  if (end.isReplaced !== true) return end;
  try {
    const attach = { session: toHex(session) };
    const reached = await startServer(deps, command, ssh.runner, { attach });
    const known = { ...reached, createdMs, name: reached.name ?? name };
    return await serveSession(deps, command, ssh, known, config, forwards).ended;
  } catch (error) {
    if (!(error instanceof EtError) || error.code !== 'ET_ERR_SESSION_GONE') throw error;
    deps.store.remove(session);
    // It was asked for by its whole id.
    const message = error.message.replace(toHex(session), callOf({ name, id: toHex(session) }));
    throw new EtError(error.code, message, {
      cause: error,
      ...(error.advice && { advice: error.advice }),
    });
  }
}
