import { EtError, messageOf } from '../base/errors.ts';
import type { Dial } from '../link/carrier.ts';
import type { ProxyServer } from '../link/parse-proxy.ts';
import { proxiedTcpDial } from '../link/proxied-tcp-dial.ts';
import { type ProxyEnvironment, type ProxyTarget, proxyFor } from '../link/proxy-choice.ts';
import type { TunnelDeps } from '../link/proxy-tunnel.ts';
import type { TcpTarget } from '../link/tcp-dial.ts';

/** Names of this machine, and what connects to it: who dials 0.0.0.0 or :: reaches himself. URLs write ::ffff:127.0.0.1 so. */
const OWN_HOST = /^(?:localhost\.?|127\..*|0\.0\.0\.0|::1?|::ffff:(?:7f[0-9a-f]{2}:.*|0:0))$/iu;

/** What this process is reached by. */
export interface OwnPlace {
  /** It listens on that port, for connections that it carries itself. */
  readonly isPort: (port: number) => boolean;
  /** One of this machine's. */
  readonly isAddress: (address: string) => boolean;
}

/** The proxies that the environment names for links. */
export class LinkProxies {
  readonly #deps: TunnelDeps;
  readonly #environment: ProxyEnvironment;
  readonly #own: OwnPlace;

  constructor(deps: TunnelDeps, environment: ProxyEnvironment, own: OwnPlace) {
    this.#deps = deps;
    this.#environment = environment;
    this.#own = own;
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
    if (proxy !== undefined && this.#own.isPort(proxy.port) && this.#isOwnHost(proxy.host)) {
      throw new EtError('ET_ERR_DIAL', `${proxy.label} is this session's own`);
    }
    return proxy;
  }

  /** Why the one that the environment names for `target` cannot be used. */
  faultFor(target: ProxyTarget): string | undefined {
    try {
      this.of(target);
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  #isOwnHost(host: string): boolean {
    return OWN_HOST.test(host) || this.#own.isAddress(host);
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
