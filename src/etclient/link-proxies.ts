import { EtError, messageOf } from '../base/errors.ts';
import type { Dial } from '../link/carrier.ts';
import type { ProxyServer } from '../link/parse-proxy.ts';
import { plainAddress } from '../link/plain-address.ts';
import { proxiedTcpDial } from '../link/proxied-tcp-dial.ts';
import { type ProxyEnvironment, type ProxyTarget, proxyFor } from '../link/proxy-choice.ts';
import type { TunnelDeps } from '../link/proxy-tunnel.ts';
import type { TcpTarget } from '../link/tcp-dial.ts';

/** Names and addresses by which any machine reaches itself; to connect to none in particular (`0.0.0.0`) does that too. */
const LOOPBACK = /^(?:localhost\.?|127\.[\d.]+|::ffff:7f[\da-f]{2}:[\da-f]+|::1|0\.0\.0\.0|::)$/iu;

/** How a proxy is known to be this very process. */
export interface OwnPlaces {
  /** This process listens on that port of this machine, for connections that it carries itself. */
  readonly isOwnPort: (port: number) => boolean;
  /** Whether it is one of this machine's addresses. */
  readonly hasAddress: (address: string) => boolean;
}

/** The proxies that the environment names for links. */
export class LinkProxies {
  readonly #deps: TunnelDeps;
  readonly #environment: ProxyEnvironment;
  readonly #own: OwnPlaces;

  constructor(deps: TunnelDeps, environment: ProxyEnvironment, own: OwnPlaces) {
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
    if (proxy !== undefined && this.#own.isOwnPort(proxy.port) && this.#isHere(proxy.host)) {
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

  #isHere(host: string): boolean {
    const address = plainAddress(host);
    return LOOPBACK.test(address) || this.#own.hasAddress(address);
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
