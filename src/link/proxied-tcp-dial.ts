import type { Dial } from './carrier.ts';
import type { ProxyServer } from './parse-proxy.ts';
import { formatEndpoint } from './plain-address.ts';
import { openTunnel, type TunnelDeps, type TunnelOptions } from './proxy-tunnel.ts';
import { SocketCarrier } from './socket-carrier.ts';
import type { TcpTarget } from './tcp-dial.ts';

/** TCP through a proxy: `tcp db:2022 through proxy squid:3128`. Rejects with a `DialFailure`. */
export function proxiedTcpDial(
  deps: TunnelDeps,
  target: TcpTarget,
  proxy: ProxyServer,
  options: Pick<TunnelOptions, 'ca'> = {},
): Dial {
  return async (signal) => {
    const { socket, localAddress, isResettable } = await openTunnel(
      deps,
      target,
      { ...options, proxy },
      signal,
    );
    const label = `tcp ${formatEndpoint(target.host, target.port)} through ${proxy.label}`;
    // Bytes wait for `start`.
    socket.pause();
    const carrier = new SocketCarrier(socket, deps.clock, { label, localAddress, isResettable });
    socket.on('data', (bytes: Uint8Array) => carrier.receive(bytes));
    return carrier;
  };
}
