import { EtError } from '../base/errors.ts';
import type { Dial } from '../link/carrier.ts';
import type { ProxyServer } from '../link/parse-proxy.ts';
import { proxiedTcpDial } from '../link/proxied-tcp-dial.ts';
import { type ProxyEnvironment, type ProxyTarget, proxyFor } from '../link/proxy-choice.ts';
import type { TunnelDeps } from '../link/proxy-tunnel.ts';
import type { TcpTarget } from '../link/tcp-dial.ts';

const LOOPBACK = /^(?:localhost|127\..*|::1)$/u;

/** The proxies that the environment names for links. */
export class LinkProxies {
  readonly #deps: TunnelDeps;
  readonly #environment: ProxyEnvironment;
  readonly #isOwnPort: (port: number) => boolean;

  /** `isOwnPort`: this process listens on that port of loopback, for connections that it carries itself. */
  constructor(
    deps: TunnelDeps,
    environment: ProxyEnvironment,
    isOwnPort: (port: number) => boolean,
  ) {
    this.#deps = deps;
    this.#environment = environment;
    this.#isOwnPort = isOwnPort;
  }

  /** Whether there is one for links to `host`, though it may turn out to be none that can be used. */
  isNamedFor(host: string): boolean {
    try {
      return proxyFor(this.#environment, { kind: 'tcp', host, port: 0 }) !== undefined;
    } catch {
      return true;
    }
  }

  /**
   * A session must not need itself to come back, as it would through a proxy of its own.
   *
   * @throws {EtError} where the environment names one that cannot be used
   */
  of(target: ProxyTarget): ProxyServer | undefined {
    const proxy = proxyFor(this.#environment, target);
    if (proxy !== undefined && LOOPBACK.test(proxy.host) && this.#isOwnPort(proxy.port)) {
      throw new EtError('ET_ERR_DIAL', `${proxy.label} is this session's own`);
    }
    return proxy;
  }

  /** TCP through the proxy for `target`. */
  tcpDial(target: TcpTarget): Dial {
    return async (signal) => {
      const proxy = this.of({ kind: 'tcp', ...target });
      if (proxy === undefined) {
        throw new EtError('ET_ERR_DIAL', `NO_PROXY exempts ${target.host}`);
      }
      return await proxiedTcpDial(this.#deps, target, proxy)(signal);
    };
  }
}
