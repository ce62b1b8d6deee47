import { type Endpoint, formatEndpoint, formatListenPlace, type ListenPlace } from './endpoint.ts';

/**
 * `local`: listens here, connects there (-L, -t). `remote`: listens there, connects here (-R, -r). `dynamic`: a SOCKS proxy here (-D).
 * `http-proxy`: an HTTP proxy here. `udp`, `udp-reverse`: datagrams, as local and remote. A `remote` without a target is a SOCKS proxy
 * there, as ssh's -R PORT.
 */
export type ForwardKind = 'local' | 'remote' | 'dynamic' | 'http-proxy' | 'udp' | 'udp-reverse';

/** One forward, as a flag, ssh_config or `et forward add` asks for it. */
export interface ForwardSpec {
  readonly kind: ForwardKind;
  readonly listen: ListenPlace;
  /** `undefined` where each connection names its own. */
  readonly target: Endpoint | undefined;
  /** Where this stands, for messages: `-L 8003:db:5432`, `LocalForward 8003 db:5432`. */
  readonly source: string;
}

/** `8003 -> db:5432`, for people. */
export function formatForward(spec: Pick<ForwardSpec, 'kind' | 'listen' | 'target'>): string {
  const { listen, target, kind } = spec;
  const proxy = kind === 'http-proxy' ? 'http' : 'socks';
  return `${formatListenPlace(listen)} -> ${target === undefined ? proxy : formatEndpoint(target)}`;
}
