import type { Clock } from '../base/clock.ts';
import { DialFailure } from './dial-failure.ts';
import type { DialStepPlace } from './dial-step.ts';
import type { HostResolver } from './host-resolver.ts';
import type { ProxyServer } from './parse-proxy.ts';
import { type OpenSocket, PlainSockets } from './plain-sockets.ts';
import { proxyConnect } from './proxy-connect.ts';
import { proxySocks } from './proxy-socks.ts';
import { startTls } from './start-tls.ts';
import { TcpDialer, type TcpTarget } from './tcp-dial.ts';

export interface TunnelDeps {
  readonly clock: Clock;
  readonly resolver: Pick<HostResolver, 'resolve' | 'remembered'>;
}

export interface TunnelOptions {
  /** Without one the target is dialled itself. */
  readonly proxy?: ProxyServer | undefined;
  /** Trusted for a proxy that is reached over TLS, in place of the authorities that Node trusts; PEM. */
  readonly ca?: string | undefined;
}

/**
 * A connection to `target`, through the proxy where there is one. Its label says how far it goes: `tcp 10.0.0.5:2022`, or
 * `db:22 through proxy squid:3128`. What binds `target` to an address or a family of ours binds the way to the proxy. Rejects with a
 * `DialFailure`, and leaves nothing behind.
 */
export async function openTunnel(
  deps: TunnelDeps,
  target: TcpTarget,
  { proxy, ca }: TunnelOptions,
  signal: AbortSignal,
): Promise<OpenSocket> {
  const dialer = new TcpDialer(deps.clock, new PlainSockets(), deps.resolver);
  if (proxy === undefined) return dialer.to(target)(signal);
  const { host, port } = proxy;
  const open = await dialer
    .to({ ...target, host, port })(signal)
    .catch((error: unknown) => {
      throw asOfProxy(error, proxy);
    });
  const place = { clock: deps.clock, signal, target: proxy.label };
  if (proxy.scheme !== 'https') {
    await askFor(deps, { ...place, socket: open.socket }, target, proxy);
    return open;
  }
  const socket = await startTls({ ...place, socket: open.socket }, { host, ca });
  await askFor(deps, { ...place, socket }, target, proxy);
  // Only a bare TCP socket can be reset.
  return { ...open, socket, isResettable: false };
}

function askFor(
  deps: TunnelDeps,
  place: DialStepPlace,
  target: TcpTarget,
  proxy: ProxyServer,
): Promise<void> {
  return proxy.scheme === 'http' || proxy.scheme === 'https'
    ? proxyConnect(place, target, proxy.credentials)
    : proxySocks(place, target, proxy, deps.resolver);
}

/** What was dialled is the proxy, and not what is behind it. */
function asOfProxy(error: unknown, { label }: ProxyServer): unknown {
  if (!(error instanceof DialFailure)) return error;
  return new DialFailure(
    error.attempts.map((attempt) => ({ ...attempt, target: `${label}: ${attempt.target}` })),
  );
}
