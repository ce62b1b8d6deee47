import { messageOf } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { attemptFailedBy, type DialAttempt, DialFailure } from './dial-failure.ts';
import { type DialStepPlace, dialStep } from './dial-step.ts';
import type { AddressFamily, HostResolver } from './host-resolver.ts';
import { ipFamily } from './ip-family.ts';
import type { ProxyServer } from './parse-proxy.ts';
import type { TcpTarget } from './tcp-dial.ts';

/** The library's own limit, in milliseconds. Longer than any of our attempts, which end by their signal; its timer keeps no process. */
const LIBRARY_TIMEOUT_MS = 60_000;

/**
 * Asks a SOCKS proxy for a connection. Names are resolved here for socks4 and socks5, by the proxy for socks4a and socks5h. Rejects
 * with a `DialFailure`.
 */
export async function proxySocks(
  place: DialStepPlace,
  target: Pick<TcpTarget, 'host' | 'port'>,
  proxy: ProxyServer,
  resolver: Pick<HostResolver, 'resolve'>,
): Promise<void> {
  const { socket } = place;
  const [{ SocksClient }, host] = await dialStep<[typeof import('socks'), string]>(
    place,
    ({ done, fail }) => {
      Promise.all([import('socks'), namedFor(proxy, target.host, resolver)]).then(
        done,
        (error: unknown) => fail(attemptOf(place.target, error)),
      );
    },
  );
  await dialStep<void>(place, ({ done, fail }) => {
    const { user = '', password = '' } = proxy.credentials ?? {};
    SocksClient.createConnection({
      command: 'connect',
      destination: { host, port: target.port },
      existing_socket: socket,
      timeout: LIBRARY_TIMEOUT_MS,
      proxy: {
        host: proxy.host,
        port: proxy.port,
        type: proxy.scheme.startsWith('socks4') ? 4 : 5,
        ...(proxy.credentials !== undefined && { userId: user, password }),
      },
    }).then(
      // The library lets the socket flow a turn later, when nobody listens yet.
      () =>
        place.clock.afterIo(() => {
          socket.pause();
          done();
        }),
      // Its errors hold the password, so they are nobody's cause.
      (error: unknown) =>
        fail({ target: place.target, kind: 'other', what: refusalOf(messageOf(error)) }),
    );
  });
}

function attemptOf(target: string, error: unknown): DialAttempt {
  const known = error instanceof DialFailure ? error.attempts[0] : undefined;
  return known ?? attemptFailedBy(target, error);
}

/** The library's words (`Socks5 proxy rejected connection - HostUnreachable`) in ours. */
function refusalOf(message: string): string {
  const reason = /rejected connection - \(?(\w+)/u.exec(message)?.[1];
  if (reason !== undefined) return `refused: ${spaced(reason)}`;
  if (/authentication/iu.test(message)) return 'refused the user and password';
  return `failed: ${printable(message)}`;
}

/** `HostUnreachable` as `host unreachable`. */
function spaced(word: string): string {
  return word.replaceAll(/(?<=[a-z])(?=[A-Z])/gu, ' ').toLowerCase();
}

/** What the proxy is told: the name, or an address where it wants one. */
async function namedFor(
  { scheme }: ProxyServer,
  host: string,
  resolver: Pick<HostResolver, 'resolve'>,
): Promise<string> {
  const family = ipFamily(host);
  if (scheme.startsWith('socks4') && family === 6) throw noAddress(host, 'no IPv4 address');
  if (family !== 0 || scheme === 'socks4a' || scheme === 'socks5h') return host;
  const families: readonly AddressFamily[] = scheme === 'socks4' ? [4] : [4, 6];
  const found = await Promise.all(
    families.map((each) => resolver.resolve(host, each).catch(() => [])),
  );
  const address = found.flat()[0];
  if (address === undefined)
    throw noAddress(host, scheme === 'socks4' ? 'no IPv4 address' : 'no address');
  return address;
}

function noAddress(host: string, what: string): DialFailure {
  return new DialFailure([{ target: `dns ${host}`, kind: 'dns', what: `has ${what}` }]);
}
