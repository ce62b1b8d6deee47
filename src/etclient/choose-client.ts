import { EtError } from '../base/errors.ts';
import type { FoundClient, FoundClients } from './control-client.ts';

/** Those that `name` names: a process id, a destination as typed or its host, or the beginning of a session id. */
export function clientsNamed(
  clients: readonly FoundClient[],
  name: string | undefined,
): readonly FoundClient[] {
  if (name === undefined) return clients;
  const readings: ((client: FoundClient) => boolean)[] = [
    ({ status }) => String(status.pid) === name,
    ({ status }) => status.host === name,
    ({ status }) => status.host.slice(status.host.lastIndexOf('@') + 1) === name,
    ({ status }) => status.id.startsWith(name.toLowerCase()),
  ];
  for (const reading of readings) {
    const found = clients.filter(reading);
    if (found.length > 0) return found;
  }
  return [];
}

/** The client that is meant. @throws {EtError} ET_ERR_STATE, which names those there are */
export function chooseClient(
  { clients, silent }: FoundClients,
  name: string | undefined,
): FoundClient {
  const named = clientsNamed(clients, name);
  const [only] = named;
  if (only !== undefined && named.length === 1) return only;
  if (only !== undefined) {
    const which = name === undefined ? 'several et run here' : `${name} names several`;
    throw state(`${which}: ${listed(named)}`, 'say which with --session HOST, PID or ID');
  }
  if (clients.length > 0) throw state(`no session ${name}; there is ${listed(clients)}`);
  throw state(nobody(silent));
}

/** What to say where no client answers. */
export function nobody(silent: readonly number[]): string {
  if (silent.length > 0)
    return `et does not answer: ${silent.map((pid) => `pid ${pid}`).join(', ')}`;
  return 'no et with forwards runs here';
}

function listed(clients: readonly FoundClient[]): string {
  return clients
    .map(({ status: { host, pid, id } }) => `${host} (pid ${pid}, session ${id.slice(0, 8)})`)
    .join(', ');
}

function state(message: string, advice?: string): EtError {
  return new EtError('ET_ERR_STATE', message, advice === undefined ? {} : { advice });
}
